"""The agents' desks: who is attached, and what each hears of a record (R-L6, R-L9).

A desk joins at the seal of its own Attach and hears every record after it, so Welcome and what follows have neither
gap nor overlap. What several desks hear of one event is serialised once.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address
from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.refusals import Draining, TakenOver
from hookflash.engine.domain.values import Invite, Offer, offer_id
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.convert_agent import agent_to, offer_to, offer_withdrawn_to
from hookflash.engine.server.convert_timeline import invites_of, notice_to, timeline_entry_to
from hookflash.engine.server.convert_values import duration
from hookflash.engine.server.outlet import Outlet
from hookflash.engine.views.audience import audience
from hookflash.sdk.types import AgentId, ConversationId, OfferOutcome
from hookflash.v1 import agent_service_pb2 as pb
from hookflash.v1 import offer_pb2

__all__ = ["Desk", "Desks", "heard_to"]

_RETRY_DELAY_S: Final = 1.0


@dataclass(slots=True, eq=False)
class Desk:
    """One open stream of an agent; it hears records after the position `after`, until it is left."""

    agent: AgentId
    outlet: Outlet
    stream: str
    after: int = 0
    is_left: bool = False


class Desks:
    """All open desks of the engine."""

    def __init__(self, asking: Asking) -> None:
        """Begin with none."""
        self._asking = asking
        self._desks: dict[AgentId, list[Desk]] = {}

    def open(self, desk: Desk, position: int) -> None:
        """Let the desk hear what comes after that position."""
        desk.after = position
        self._desks.setdefault(desk.agent, []).append(desk)

    def take_over(self, desk: Desk) -> None:
        """End every other desk of the same agent: the newest one is his presence."""
        refusal = TakenOver(f"agents/{desk.agent}")
        for other in self._desks.get(desk.agent, ()):
            if other is not desk and other.after < desk.after:
                other.outlet.end(refusal, _goodbye("TAKEN_OVER"))

    def close(self, desk: Desk) -> None:
        """The desk hears nothing any more."""
        desks = self._desks.get(desk.agent, [])
        if desk in desks:
            desks.remove(desk)
        if not desks:
            self._desks.pop(desk.agent, None)

    def end_all(self) -> None:
        """Say goodbye to every desk: the engine stops."""
        for desks in self._desks.values():
            for desk in desks:
                desk.outlet.end(Draining(), _goodbye("DRAINING"))

    def show_typing(self, conversation: ConversationId, is_typing: bool) -> None:  # noqa: FBT001  a listener's arguments
        """Show the desks of a conversation's agents that its customer types, or has stopped."""
        state = self._asking.shard.facts.conversation(conversation)
        if state is None:
            return
        sign = pb.CustomerTyping(conversation=f"conversations/{conversation}", is_typing=is_typing)
        item = pb.AttachResponse(customer_typing=sign).SerializeToString()
        position = self._asking.shard.durable_position
        for participant in state.participants:
            for desk in self._desks.get(participant.agent, ()):
                desk.outlet.show(position, item)

    def hear(self, group: Sequence[Sealed]) -> None:
        """Tell the desks of durable records."""
        if not self._desks:
            return
        for sealed in group:
            self._tell(sealed)

    def _tell(self, sealed: Sealed) -> None:
        position = sealed.record.position
        for agent, item in self._updates(sealed):
            for desk in self._desks.get(agent, ()):
                if position > desk.after:
                    desk.outlet.put(position, item)
        for fact in sealed.record.facts:
            if isinstance(fact.event, e.AgentLoggedOut):
                for desk in self._desks.get(AgentId(fact.subject.id), ()):
                    if position > desk.after:
                        desk.outlet.end(None, _goodbye("LOGGED_OUT"))

    def _updates(self, sealed: Sealed) -> Iterator[tuple[AgentId, bytes]]:
        """Who of the attached hears what, in the record's order; an agent's own change last."""
        told: list[tuple[int, AgentId, bytes]] = [*self._entries(sealed), *self._offers(sealed)]
        for _, agent, item in sorted(told, key=lambda each: each[0]):
            yield agent, item
        for address, state in sealed.states.items():
            if isinstance(state, Agent) and address.id in self._desks:
                change = pb.AttachResponse(agent_changed=pb.AgentChanged(agent=agent_to(state)))
                yield state.id, change.SerializeToString()

    def _entries(self, sealed: Sealed) -> Iterator[tuple[int, AgentId, bytes]]:
        rendered: dict[int, bytes] = {}
        for agent, index, conversation, event in audience(sealed.record, sealed.states):
            if agent not in self._desks:
                continue
            if index not in rendered:
                invite = _ended_invite(sealed, conversation, event)
                update = heard_to(conversation.id, event, sealed.record.position, invite)
                rendered[index] = update.SerializeToString()
            yield index, agent, rendered[index]

    def _offers(self, sealed: Sealed) -> Iterator[tuple[int, AgentId, bytes]]:
        made_here = {
            (fact.subject, fact.event.offer.number)
            for fact in sealed.record.facts
            if isinstance(fact.event, e.OfferMade)
        }
        for index, fact in enumerate(sealed.record.facts):
            event, state = fact.event, sealed.states.get(fact.subject)
            if not isinstance(state, Conversation):
                continue
            match event:
                case e.OfferMade(offer=offer) if offer.agent in self._desks:
                    invite = state.invite
                    if invite is not None and invite.offer_of(offer.number) is not None:
                        made = pb.OfferMade(offer=self.offer(state, invite, offer))
                        yield index, offer.agent, pb.AttachResponse(offer_made=made).SerializeToString()
                case e.OfferEnded(agent=agent) if agent in self._desks and event.outcome is not OfferOutcome.ACCEPTED:
                    # An offer that came and went within the record was never on the desk.
                    if (fact.subject, event.number) not in made_here:
                        yield index, agent, _withdrawn(sealed, fact.subject, event)

    def offer(self, conversation: Conversation, invite: Invite, offer: Offer) -> offer_pb2.Offer:
        """An open offer of an invite, under the queue's present name."""
        queue = invite.target.queue
        settings = None if queue is None else self._asking.shard.facts.queues().get(queue)
        name = invite.target_name if settings is None else settings.settings.name
        return offer_to(conversation, invite, offer, name, self._asking.shard.catalogue)


def heard_to(
    conversation: str, event: e.TimelineEvent | e.StaffNoticed, position: int, invite: Invite | None
) -> pb.AttachResponse:
    """An entry as it comes to a desk: what is for one agent alone as his notice, all else as the timeline's."""
    name = f"conversations/{conversation}"
    if isinstance(event, e.StaffNoticed) and event.agent is not None:
        notice = pb.AgentNotice(
            notice=notice_to(event), conversation=name, position=position, sequence=event.sequence or 0
        )
        return pb.AttachResponse(agent_notice=notice)
    entry = timeline_entry_to(conversation, event, invite)
    return pb.AttachResponse(timeline_update=pb.TimelineUpdate(conversation=name, entry=entry, position=position))


def _ended_invite(sealed: Sealed, conversation: Address, event: e.Event) -> Invite | None:
    if not isinstance(event, e.InviteEnded):
        return None
    events: Collection[e.Event] = [f.event for f in sealed.record.facts if f.subject == conversation]
    before, after = sealed.before.get(conversation), sealed.states.get(conversation)
    return invites_of(events, before, after).get(event.invite)


def _withdrawn(sealed: Sealed, conversation: Address, event: e.OfferEnded) -> bytes:
    ended = next(
        (
            f.event.state
            for f in sealed.record.facts
            if f.subject == conversation and isinstance(f.event, e.InviteEnded) and f.event.invite == event.invite
        ),
        None,
    )
    withdrawn = offer_withdrawn_to(offer_id(conversation.id, event.number), event.outcome, event.reason, ended)
    return pb.AttachResponse(offer_withdrawn=withdrawn).SerializeToString()


def _goodbye(reason: str) -> bytes:
    goodbye = pb.Goodbye(retry_delay=duration(_RETRY_DELAY_S), reason=reason)
    return pb.AttachResponse(goodbye=goodbye).SerializeToString()
