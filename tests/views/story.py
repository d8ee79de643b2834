"""Records made by hand, for tests of what is kept of them: a desk's worth of conversations without any decider."""

from collections.abc import Iterator
from itertools import count

from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import SITE, Address, Kind
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.notices import NoticeKey, Style
from hookflash.engine.domain.states import State, evolve
from hookflash.engine.domain.values import CHAT, CloseCause, Customer, Invite, LeaveReason, Target
from hookflash.engine.journal.record import Cause, CauseKind, Fact, Record
from hookflash.engine.views.projection import Projection
from hookflash.sdk.types import AgentId, ChannelId, ConversationId, InviteKind, InviteState, ParticipantRole, QueueId

ANN, BOB, CAT = AgentId("ann"), AgentId("bob"), AgentId("cat")
WEB = ChannelId("web")


class Story:
    """What happened so far: `tell` seals events into the next record and folds them; projections are kept."""

    def __init__(self, at: float = 1_000.0) -> None:
        self.at = at
        self.states: dict[Address, State | None] = {}
        self.projections: list[Projection] = []

    @property
    def records(self) -> list[Record]:
        return [projection.record for projection in self.projections]

    @property
    def position(self) -> int:
        return len(self.projections)

    def tell(self, *facts: tuple[Address, e.Event], key: str = "") -> Projection:
        self.at += 1.0
        touched: dict[Address, State | None] = {}
        for address, event in facts:
            if address != SITE:
                self.states[address] = touched[address] = evolve(address, self.states.get(address), event)
        record = Record(
            position=self.position + 1,
            at=self.at,
            principal="ENGINE:",
            cause=Cause(CauseKind.COMMAND, key),
            facts=tuple(Fact(address, event) for address, event in facts),
            key=key,
        )
        self.projections.append(Projection(record, touched))
        return self.projections[-1]


class Talk:
    """One conversation of a story. Methods make events with the numbers that come next; `tell` seals them."""

    def __init__(self, story: Story, name: str, address: str = "+49") -> None:
        self.story, self.name, self.customer_address = story, ConversationId(name), address
        self.address = Address(Kind.CONVERSATION, name)
        self._sequence, self._transcript, self._delivery = count(1), count(1), count(1)
        self._message, self._whisper, self._invite = count(1), count(1), count(1)

    @property
    def state(self) -> Conversation:
        state = self.story.states[self.address]
        assert isinstance(state, Conversation)
        return state

    def tell(self, *events: e.Event, key: str = "") -> Projection:
        return self.story.tell(*((self.address, event) for event in events), key=key)

    def opened(self, channel: ChannelId = WEB) -> e.ConversationOpened:
        return e.ConversationOpened(
            at=self.story.at,
            channel=channel,
            channel_kind="web",
            address=self.customer_address,
            media_domain=CHAT,
            customer=Customer(display_name="Eve"),
        )

    def said(self, text: str, agent: AgentId | None = None) -> e.MessageSent:
        return e.MessageSent(
            at=self.story.at,
            number=next(self._message),
            sequence=next(self._sequence),
            transcript=next(self._transcript),
            delivery=next(self._delivery) if agent else None,
            role=ParticipantRole.PRIMARY if agent else ParticipantRole.CUSTOMER,
            agent=agent,
            display_name=agent or "Eve",
            text=text,
        )

    def whispered(self, text: str, agent: AgentId = ANN) -> e.WhisperSent:
        return e.WhisperSent(
            at=self.story.at,
            number=next(self._whisper),
            sequence=next(self._sequence),
            role=ParticipantRole.PRIMARY,
            agent=agent,
            display_name=agent,
            text=text,
        )

    def customer_told(self, text: str) -> e.CustomerNoticed:
        return e.CustomerNoticed(
            at=self.story.at,
            sequence=next(self._sequence),
            transcript=next(self._transcript),
            delivery=next(self._delivery),
            key=NoticeKey.TRANSFER_CUSTOMER_PLACED,
            text=text,
        )

    def staff_told(
        self, text: str, agent: AgentId | None = None, but: AgentId | None = None, *, is_toast: bool = False
    ) -> e.StaffNoticed:
        return e.StaffNoticed(
            at=self.story.at,
            sequence=None if is_toast else next(self._sequence),
            key=NoticeKey.TRANSFER_AGENT_PLACED,
            style=Style.TOAST if is_toast else Style.TIMELINE,
            text=text,
            agent=agent,
            except_agent=but,
        )

    def joined(self, agent: AgentId) -> e.ParticipantJoined:
        return e.ParticipantJoined(
            at=self.story.at,
            sequence=next(self._sequence),
            agent=agent,
            display_name=agent,
            role=ParticipantRole.PRIMARY,
            media_domain=CHAT,
            queue=None,
            offer=1,
        )

    def left(self, agent: AgentId, reason: LeaveReason = LeaveReason.LEFT) -> e.ParticipantLeft:
        return e.ParticipantLeft(
            at=self.story.at,
            sequence=next(self._sequence),
            agent=agent,
            display_name=agent,
            role=ParticipantRole.PRIMARY,
            reason=reason,
        )

    def placed(self, kind: InviteKind = InviteKind.TRANSFER) -> e.InvitePlaced:
        number = next(self._invite)
        invite = Invite(
            number=number,
            kind=kind,
            target=Target(queue=QueueId("billing")),
            target_name="Billing",
            media_domain=CHAT,
            requester=ANN,
            requester_name="ann",
            note="wants a refund",
            priority=1,
            placement=number,
            placed_at=self.story.at,
            expire_at=self.story.at + 60.0,
            offer_timeout_s=20.0,
            session=1,
        )
        return e.InvitePlaced(at=self.story.at, sequence=next(self._sequence), invite=invite)

    def ended(self, number: int, state: InviteState = InviteState.NO_AGENT) -> e.InviteEnded:
        return e.InviteEnded(at=self.story.at, sequence=next(self._sequence), invite=number, state=state)

    def settled(self, delivery: int) -> e.DeliverySettled:
        return e.DeliverySettled(delivery=delivery)

    def closed(self) -> e.ConversationClosed:
        return e.ConversationClosed(at=self.story.at, cause=CloseCause.AGENT)


def a_transfer(story: Story, name: str = "c1", address: str = "+49") -> Talk:
    """Ann has a conversation, bob is conferenced, they whisper, ann transfers it away and cat takes it."""
    talk = Talk(story, name, address)
    talk.tell(talk.opened(), talk.said("hello"), key=f"web:{name}")
    talk.tell(talk.joined(ANN), talk.staff_told("You have joined", ANN), talk.staff_told("ann has joined", but=ANN))
    talk.tell(talk.said("good day", ANN), key=f"AGENT:agents/ann SendMessage {name}")
    talk.tell(talk.joined(BOB), talk.staff_told("You have joined", BOB), talk.staff_told("bob has joined", but=BOB))
    talk.tell(talk.whispered("he is angry"))
    talk.tell(
        talk.staff_told("placed successfully", ANN, is_toast=True),
        talk.placed(),
        talk.customer_told("please wait"),
        talk.left(ANN, LeaveReason.TRANSFERRED),
        talk.staff_told("closed due to CHAT TRANSFERRED", ANN),
        talk.staff_told("ann left", but=ANN),
    )
    talk.tell(talk.whispered("ann is gone", BOB))
    talk.tell(talk.ended(1, InviteState.ACCEPTED), talk.joined(CAT), talk.staff_told("cat has joined", but=CAT))
    talk.tell(talk.settled(1))
    return talk


def names() -> Iterator[str]:
    """Ids of conversations, in their order."""
    return (f"c{number}" for number in count(1))
