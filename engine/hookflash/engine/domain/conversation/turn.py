"""One turn of a conversation: what has happened so far, the state after it, and what others are told.

A rule adds events one by one; each finds the numbers as the one before left them. What other entities must hear of an
event is said here once, in `_react`, so that no rule can forget it.
"""

from typing import Final

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.notices import NOTICES, NoticeKey, Style
from hookflash.engine.domain.refusals import ConversationClosed, ConversationNotFound, NotAParticipant
from hookflash.engine.domain.turn import Context, Decided, Tell
from hookflash.engine.domain.values import Filtering, Offer, Participant, Reservation, offer_id
from hookflash.sdk.messages import Choice, Media, Template
from hookflash.sdk.types import AgentId, ConversationId, InviteState, OfferOutcome, ParticipantRole, QueueId

from .state import Conversation, evolve

__all__ = ["REOFFER_PRIORITY", "Turn"]

REOFFER_PRIORITY = 11
"""The priority of an invite that was offered and came back, or that takes the place of a lost agent (D-14)."""


_HEARD_BY_OTHERS: Final = frozenset(
    {e.InvitePlaced, e.InviteParkedAgain, e.OfferMade, e.InviteEnded, e.OfferEnded, e.DecisionMade, e.ParticipantLeft}
)


class Turn:
    """The events of one command, in order."""

    def __init__(self, state: Conversation | None, ctx: Context, conversation: ConversationId) -> None:
        """Begin at that state."""
        self.ctx = ctx
        self.id = conversation
        self.events: list[e.Event] = []
        self.tells: list[Tell] = []
        self._state = state

    @property
    def state(self) -> Conversation:
        """The state as it is by now. Raises ConversationNotFound where there is none."""
        if self._state is None:
            raise ConversationNotFound(self.id)
        return self._state

    @property
    def exists(self) -> bool:
        """Whether there is such a conversation."""
        return self._state is not None

    @property
    def now(self) -> float:
        """The engine time."""
        return self.ctx.now

    def decided(self) -> Decided[Conversation | None]:
        """What the shell takes over."""
        return Decided(self.events, self._state, self.tells)

    def open_state(self) -> Conversation:
        """The state, refused where the conversation is CLOSED or the caller's etag is stale."""
        state = self.state
        if self.ctx.etag_given:
            self.ctx.check_etag(state.etag)
        if state.closed is not None:
            raise ConversationClosed(self.id)
        return state

    def acting(self, agent: AgentId) -> Participant:
        """The acting agent's participation. Raises NotAParticipant."""
        participant = self.state.participant(agent)
        if participant is None:
            raise NotAParticipant(agent)
        return participant

    def add(self, event: e.ConversationEvent) -> None:
        """Let this have happened."""
        before = self._state
        self._state = evolve(before, event, self.id)
        self.events.append(event)
        if before is not None and type(event) in _HEARD_BY_OTHERS:
            self.tells.extend(self._react(before, event))

    def next_sequence(self) -> int:
        """The number of the next timeline entry."""
        return self.state.sequence + 1

    def tell_customer(self, key: NoticeKey, *, of_queue: QueueId | None = None, **values: str) -> None:
        """Notice to the customer; nothing where no ChannelSession is open or the text is overridden to be empty.

        A queue has texts of its own: that of the invite, or `of_queue` where there is none.
        """
        state = self.state
        queue = state.invite.target.queue if state.invite is not None else of_queue
        text = self.ctx.catalogue.text(
            key,
            channel=state.channel,
            queue=queue,
            language=state.customer.profile.get("language"),
            locales=self._locales(queue),
            **values,
        )
        if text is None or state.open_session is None:
            return
        self.add(
            e.CustomerNoticed(
                at=self.now,
                sequence=state.sequence + 1,
                transcript=state.transcript + 1,
                delivery=state.deliveries + 1,
                key=key,
                text=text,
            )
        )

    def tell_agent(self, key: NoticeKey, agent: AgentId, **values: str) -> None:
        """Notice to one agent."""
        self._tell_staff(key, values, agent=agent, except_agent=None)

    def tell_agents(self, key: NoticeKey, *, except_agent: AgentId | None = None, **values: str) -> None:
        """Notice to the agents, or to all but one of them."""
        self._tell_staff(key, values, agent=None, except_agent=except_agent)

    def message(  # noqa: PLR0913  what may go with a text, each by its name
        self,
        role: ParticipantRole,
        agent: AgentId | None,
        display_name: str,
        text: str,
        filtering: Filtering = Filtering.NONE,
        *,
        choices: tuple[Choice, ...] = (),
        template: Template | None = None,
        media: Media | None = None,
        choice_id: str = "",
    ) -> None:
        """Let somebody have said this to everybody. Only an agent's words go out through the channel."""
        state = self.state
        self.add(
            e.MessageSent(
                at=self.now,
                number=state.messages + 1,
                sequence=state.sequence + 1,
                transcript=state.transcript + 1,
                delivery=None if agent is None else state.deliveries + 1,
                role=role,
                agent=agent,
                display_name=display_name,
                text=text,
                filtering=filtering,
                choices=choices,
                template=template,
                media=media,
                choice_id=choice_id,
            )
        )

    def _tell_staff(
        self, key: NoticeKey, values: dict[str, str], *, agent: AgentId | None, except_agent: AgentId | None
    ) -> None:
        state = self.state
        queue = state.invite.target.queue if state.invite is not None else None
        # In the engine's own language: one text for all agents, whatever the customer speaks.
        text = self.ctx.catalogue.text(key, channel=state.channel, queue=queue, **values)
        if text is None:
            return
        style = NOTICES[key].style
        sequence = None if style is Style.TOAST else self.next_sequence()
        self.add(
            e.StaffNoticed(
                at=self.now,
                sequence=sequence,
                key=key,
                style=style,
                text=text,
                agent=agent,
                except_agent=except_agent,
            )
        )

    def _locales(self, queue: QueueId | None) -> list[str]:
        """What is spoken to a customer whose own language is not known: the queue's, then the channel's."""
        facts = self.ctx.facts
        found = None if queue is None else facts.queues().get(queue)
        channel = facts.channels().get(self.state.channel)
        return [
            settings.locale
            for settings in (None if found is None else found.settings, channel)
            if settings is not None and settings.locale
        ]

    def _react(self, before: Conversation, event: e.ConversationEvent) -> list[Tell]:
        """What other entities are told of this event: queues of their line, agents of their slots."""
        invite = before.invite
        match event:
            case e.InvitePlaced(invite=placed, is_exempt=is_exempt):
                return self._join_line(placed.target.queue, placed.number, is_exempt=is_exempt)
            case e.InviteParkedAgain(invite=number) if invite is not None:
                return self._join_line(invite.target.queue, number, is_exempt=True)
            case e.OfferMade(invite=number, offer=offer) if invite is not None:
                # The second of several offers finds the invite out of its line already.
                is_first = invite.state is InviteState.PARKED
                left = self._leave_line(invite.target.queue, number) if is_first else []
                return [*left, self._reserve(before, offer)]
            case e.DecisionMade(fault="", strategy=strategy, cursor=cursor) if invite is not None:
                queue = invite.target.queue
                moved = c.MoveCursor(strategy=strategy, cursor=cursor)
                return [] if queue is None else [Tell(Address(Kind.QUEUE, queue), moved)]
            case e.InviteEnded(invite=number) if invite is not None and invite.state is InviteState.PARKED:
                return self._leave_line(invite.target.queue, number)
            case e.OfferEnded(agent=agent, number=number, outcome=OfferOutcome.ACCEPTED):
                return [_to_agent(agent, c.TakeSlot(offer=offer_id(self.id, number)))]
            case e.OfferEnded(agent=agent, number=number, outcome=outcome, reason=reason):
                end = c.EndReservation(offer=offer_id(self.id, number), outcome=outcome, reason=reason)
                return [_to_agent(agent, end)]
            case e.ParticipantLeft(agent=agent):
                return [_to_agent(agent, c.ReleaseSlot(conversation=self.id))]
            case _:
                return []

    def _reserve(self, before: Conversation, offer: Offer) -> Tell:
        invite = before.invite
        reservation = Reservation(
            offer=offer_id(self.id, offer.number),
            conversation=self.id,
            media_domain=before.media_domain if invite is None else invite.media_domain,
            queue=None if invite is None else invite.target.queue,
        )
        return _to_agent(offer.agent, c.Reserve(reservation=reservation))

    def _join_line(self, queue: str | None, number: int, *, is_exempt: bool) -> list[Tell]:
        if queue is None:
            return []
        join = c.JoinLine(conversation=self.id, invite=number, is_exempt=is_exempt)
        return [Tell(Address(Kind.QUEUE, queue), join)]

    def _leave_line(self, queue: str | None, number: int) -> list[Tell]:
        if queue is None:
            return []
        return [Tell(Address(Kind.QUEUE, queue), c.LeaveLine(conversation=self.id, invite=number))]


def _to_agent(agent: AgentId, command: c.AgentCommand) -> Tell:
    return Tell(Address(Kind.AGENT, agent), command)
