"""What Apply asks of plugins in processes of their own before its command: whether they can use what it brings.

Without an answer what changes is refused, for it would be journaled unread, with what may be a secret in the wrong
place; what is as it was is left to be so, or a plugin that is down would hold up everything that is applied.
"""

from collections.abc import Awaitable

from hookflash.engine.domain import commands as c
from hookflash.engine.domain.refusals import PluginUnavailable
from hookflash.engine.domain.site_checks import unusable
from hookflash.engine.plugins.isolated_settings import NoAnswerError
from hookflash.engine.server.ports import Engine

__all__ = ["check_isolated"]


async def check_isolated(engine: Engine, command: c.Apply) -> None:
    """Refuse what a plugin in a process of its own cannot use, with INVALID_SETTING or PLUGIN_UNAVAILABLE."""
    facts, isolated = engine.shard.facts, engine.questions.isolated
    for n, queue in enumerate(command.queues):
        known = facts.queues().get(queue.id)
        told = (queue.strategy, queue.strategy_options)
        is_new = known is None or told != (known.settings.strategy, known.settings.strategy_options)
        asked = isolated.options(queue.strategy, queue.strategy_options)
        await _judge(f"queues[{n}].strategy_options", asked, is_new=is_new)
    for n, channel in enumerate(command.channels):
        before = facts.channels().get(channel.id)
        is_new = before is None or (channel.kind, channel.settings) != (before.kind, before.settings)
        if not channel.is_external:
            asked = isolated.channel(channel.kind, channel.settings)
            await _judge(f"channels[{n}].settings", asked, is_new=is_new or (before is not None and before.is_external))


async def _judge(field: str, asked: Awaitable[tuple[str, ...]], *, is_new: bool) -> None:
    try:
        problems = await asked
    except NoAnswerError as error:
        if is_new:
            raise PluginUnavailable(field, error.plugin) from None
        return
    for problem in problems:
        raise unusable(field, problem)
