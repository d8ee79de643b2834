"""What an admin tells an object of a plugin in a process of its own, checked there before it is applied.

That of any other is checked in Apply's own turn; one that has to be asked is asked before it, since a cascade waits for
nobody.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import final

from hookflash.engine.plugins.facts import IsolatedAdapter
from hookflash.engine.plugins.isolated.remote import RemoteStrategy
from hookflash.engine.plugins.strategies import LoadedStrategy
from hookflash.sdk.hosting.calls import PluginFailedError, PureCalls

__all__ = ["IsolatedSettings", "NoAnswerError"]


class NoAnswerError(Exception):
    """The process of this plugin gave no answer in time, which is reported already."""

    def __init__(self, plugin: str) -> None:
        super().__init__(plugin)
        self.plugin = plugin


@final
class IsolatedSettings:
    """Asks the processes of isolated plugins."""

    def __init__(
        self,
        strategy: Callable[[str], LoadedStrategy | None],
        adapters: Sequence[IsolatedAdapter],
        calls_of: Callable[[str, str], PureCalls],
    ) -> None:
        """Take how a strategy is found by its name, the adapters, and what the calls are made with."""
        self._strategy = strategy
        self._adapters = {adapter.kind: adapter for adapter in adapters}
        self._calls_of = calls_of

    async def options(self, name: str, options: Mapping[str, str]) -> tuple[str, ...]:
        """What is wrong with a queue's options for that strategy, a sentence each; none for one that is not isolated.

        Raises NoAnswerError.
        """
        found = self._strategy(name)
        if found is None or not isinstance(remote := found.strategy, RemoteStrategy):
            return ()
        return await self._asked(found.plugin, found.what, "options", lambda: remote.problems(options))

    async def channel(self, kind: str, settings: Mapping[str, str]) -> tuple[str, ...]:
        """What is wrong with a channel's settings for the adapter of that kind; none for one that is not isolated.

        Raises NoAnswerError.
        """
        found = self._adapters.get(kind)
        if found is None:
            return ()
        judge = found.judge
        return await self._asked(found.plugin, f"channel {kind}", "settings", lambda: judge.problems(settings))

    async def _asked(
        self, plugin: str, what: str, hook: str, problems: Callable[[], tuple[str, ...]]
    ) -> tuple[str, ...]:
        try:
            return await self._calls_of(plugin, what).ask(hook, problems, fallback="changed none")
        except PluginFailedError as error:
            raise NoAnswerError(plugin) from error
