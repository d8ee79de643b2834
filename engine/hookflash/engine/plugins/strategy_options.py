"""What a queue tells a strategy that is in a process of its own, checked there before it is applied.

That of any other is checked in Apply's own turn; one that has to be asked is asked before it, since a cascade waits for
nobody.
"""

from collections.abc import Callable, Mapping
from typing import final

from hookflash.engine.plugins.isolated.remote import RemoteStrategy
from hookflash.engine.plugins.strategies import LoadedStrategy
from hookflash.sdk.hosting.calls import PluginFailedError, PureCalls

__all__ = ["StrategyOptions"]


@final
class StrategyOptions:
    """Asks the processes of isolated strategies."""

    def __init__(
        self, strategy: Callable[[str], LoadedStrategy | None], calls_of: Callable[[str, str], PureCalls]
    ) -> None:
        """Take how a strategy is found by its name, and what its calls are made with."""
        self._strategy = strategy
        self._calls_of = calls_of

    async def problems(self, name: str, options: Mapping[str, str]) -> tuple[str, ...]:
        """What is wrong with options for that strategy, a sentence each; none for one that is not isolated.

        None either where its process gives no answer in time, which is a fault of its own: its queue is then the
        default's at each decision that it cannot make.
        """
        found = self._strategy(name)
        if found is None or not isinstance(remote := found.strategy, RemoteStrategy):
            return ()
        try:
            calls = self._calls_of(found.plugin, found.what)
            return await calls.ask("options", lambda: remote.problems(options), fallback="took them unchecked")
        except PluginFailedError:
            return ()
