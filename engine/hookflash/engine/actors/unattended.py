"""Conversations that nobody attends, shown to plugins outside the cascade: what they say comes back as a command.

The question is state: it stands in the record that made the conversation UNATTENDED, so after a crash it is asked then,
and where the answer could not be recorded it is asked again.
"""

import asyncio
from collections.abc import Sequence

import structlog

from hookflash.engine.domain.address import Address
from hookflash.engine.domain.commands import DecideUnattended
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.events import ConversationUnattended
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.values import UnattendedAnswer
from hookflash.engine.journal.record import CauseKind
from hookflash.engine.plugins.policy_hooks import UNATTENDED, Opinion, PolicyHooks
from hookflash.sdk.policy import Close, ConversationView, RouteTo
from hookflash.sdk.types import QueueId

from .calls import Call, Sealed
from .shard import Shard

__all__ = ["Unattended"]

_log = structlog.get_logger(__name__)


class Unattended:
    """The questions that are open."""

    def __init__(self, shard: Shard, hooks: PolicyHooks) -> None:
        """Ask those hooks."""
        self._shard = shard
        self._hooks = hooks
        self._open: dict[Address, asyncio.Task[None]] = {}

    def follow(self, group: Sequence[Sealed]) -> None:
        """Ask about what a record has just left unattended: the shard's listener."""
        for sealed in group:
            for fact in sealed.record.facts:
                if isinstance(fact.event, ConversationUnattended) and fact.event.is_asked:
                    self.ask(fact.subject)

    def ask(self, address: Address) -> None:
        """Ask what becomes of that conversation, unless that is being asked."""
        if address not in self._open:
            task = self._open[address] = asyncio.get_running_loop().create_task(self._ask(address))
            task.add_done_callback(lambda _: self._open.pop(address))

    def stop(self) -> None:
        """Ask nothing any more; what is open is asked after the next start."""
        for task in self._open.values():
            task.cancel()

    async def _ask(self, address: Address) -> None:
        try:
            found = await self._shard.read(address)
            if found is None or not isinstance(found[0], Conversation) or found[0].unattended_due is None:
                return
            opinion = await self._hooks.unattended(_view(found[0]), self._queues_for(found[0]))
            name = UNATTENDED if opinion is None else opinion.plugin
            await self._shard.run(address, _command(opinion), Call(cause=CauseKind.PLUGIN, method=name))
        except Refusal as refusal:  # Asked again when its deadline comes.
            _log.warning("unattended.not_decided", conversation=address.id, reason=str(refusal.reason))

    def _queues_for(self, state: Conversation) -> frozenset[QueueId]:
        queues = self._shard.facts.queues()
        return frozenset(name for name, queue in queues.items() if queue.settings.media_domain == state.media_domain)


def _view(state: Conversation) -> ConversationView:
    return ConversationView(
        id=state.id,
        channel=state.channel,
        media_domain=state.media_domain,
        opened_at=state.opened_at,
        transfers=state.transfers,
        last_queue=state.last_queue,
        former_agents=state.former,
        attributes=dict(state.attributes),
    )


def _command(opinion: Opinion | None) -> DecideUnattended:
    if opinion is None:
        return DecideUnattended()
    match opinion.answer:
        case RouteTo(queue):
            return DecideUnattended(plugin=opinion.plugin, answer=UnattendedAnswer.ROUTE, queue=queue)
        case Close():
            return DecideUnattended(plugin=opinion.plugin, answer=UnattendedAnswer.CLOSE)
        case _:
            return DecideUnattended(plugin=opinion.plugin, answer=UnattendedAnswer.LEAVE_OPEN)
