"""The checker finds nothing in an honest journal, and each falsified one breaks the promise that it should.

Positions and numbers are those of the story in `story.py`.
"""

import pytest

from hookflash.engine.checker import Checker, Promise
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.notices import NoticeKey
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.values import CloseCause, LeaveReason, Offer, Reservation, RevokeReason
from hookflash.engine.journal.record import Cause, CauseKind
from hookflash.engine.journal.state_codec import encode_state
from hookflash.sdk.types import AgentId, ConversationId, InviteState, MediaDomainId, OfferOutcome, ParticipantRole, Role
from tests.actors.running import agent, conversation

from .falsifying import Forgery, add, alter, broken, change, delay, drop, move, renumbered
from .story import NOTE, WHISPER, honest

_CHAT = MediaDomainId("chat")
_ONE, _TWO, _FOUR = (conversation(name) for name in ("one", "two", "four"))
_ANN, _BOB = agent("ann"), agent("bob")
_SALES = Address(Kind.QUEUE, "sales")


def _unattended(at: float = 0.0) -> e.ConversationUnattended:
    return e.ConversationUnattended(at=at)


def _joined(name: str, sequence: int, offer: int) -> e.ParticipantJoined:
    return e.ParticipantJoined(
        at=0.0, sequence=sequence, agent=AgentId(name), display_name=name.title(), role=ParticipantRole.PRIMARY,
        media_domain=_CHAT, queue=None, offer=offer,
    )  # fmt: skip


def _noticed(text: str, sequence: int, transcript: int, delivery: int) -> e.CustomerNoticed:
    return e.CustomerNoticed(
        at=0.0, sequence=sequence, transcript=transcript, delivery=delivery,
        key=NoticeKey.TRANSFER_CUSTOMER_PLACED, text=text,
    )  # fmt: skip


def _reserved(name: str, talk: str, offer: str) -> tuple[Address, e.Event]:
    reservation = Reservation(offer=offer, conversation=ConversationId(talk), media_domain=_CHAT)
    return agent(name), e.SlotReserved(at=0.0, reservation=reservation)


FORGERIES: list[tuple[Promise, str, Forgery]] = [
    (Promise.I2, "the same key twice", lambda r: alter(11, key=r[9].key, cause=r[9].cause)(r)),
    (Promise.I3, "a delivery number is left out", change(e.MessageSent, of="one", nth=1, delivery=7)),
    (Promise.I3, "a timeline number is given twice", change(e.WhisperSent, sequence=1)),
    (Promise.I3, "a delivery is settled twice", add(13, (_ONE, e.DeliverySettled(delivery=1)))),
    (Promise.I3, "a delivery is settled that was never made", change(e.DeliverySettled, delivery=99)),
    (Promise.I4, "somebody joins without an offer", add(16, (_ONE, _joined("cat", 99, 1)))),
    (Promise.I4, "another than the offered agent joins", change(e.ParticipantJoined, of="one", agent=AgentId("cat"))),
    (Promise.I4, "an offer is won after it was decided", add(18, (_ONE, _joined("cat", 99, 3)))),
    (
        Promise.I4,
        "a second offer of an open invite",
        add(
            17,
            (
                _ONE,
                e.OfferMade(
                    invite=3, offer=Offer(number=4, agent=AgentId("bob"), agent_name="Bob", made_at=0.0, expire_at=30.0)
                ),
            ),
        ),
    ),
    (
        Promise.I4,
        "an offer to an agent who has one",
        change(e.OfferMade, of="three", inner="offer", agent=AgentId("ann")),
    ),
    (
        Promise.I4,
        "an offer to one who is not ready",
        change(e.OfferMade, of="three", inner="offer", agent=AgentId("cat")),
    ),
    (
        Promise.I4,
        "an offer to who placed the invite",
        change(e.OfferMade, of="one", nth=2, inner="offer", agent=AgentId("ann")),
    ),
    (Promise.I4, "more conversations than slots", change(e.AgentConfigured, of="ann", capacity={_CHAT: 0})),
    (Promise.I4, "two open conversations of one customer", change(e.ConversationOpened, of="two", address="one")),
    (Promise.I5, "a second invite while one is open", drop(e.InviteEnded, of="one")),
    (
        Promise.I6,
        "an invite ends twice",
        add(30, (conversation("three"), e.InviteEnded(at=0.0, sequence=9, invite=1, state=InviteState.NO_AGENT))),
    ),
    (
        Promise.I6,
        "an invite outlives its ttl and the engine's absence",
        lambda r: renumbered([each for each in r if each.position != 32]),
    ),
    (Promise.I6, "nobody is told that nobody attends", drop(e.ConversationUnattended, of="five")),
    (
        Promise.I6,
        "a conversation is closed with an open invite",
        add(27, (_FOUR, e.ConversationClosed(at=0.0, cause=CloseCause.SUPERVISOR))),
    ),
    (
        Promise.I6,
        "an offered invite is parked again after its ttl",
        change(e.InvitePlaced, of="one", nth=2, inner="invite", expire_at=1_700_000_020.0),
    ),
    (Promise.I7, "a transcript number is left out", change(e.MessageSent, of="one", nth=1, transcript=9)),
    (
        Promise.I7,
        "a notice tells the customer the note",
        change(e.CustomerNoticed, of="one", nth=-1, text=f"transferred: {NOTE}"),
    ),
    (Promise.I7, "a whisper's record tells the customer something", add(16, (_ONE, _noticed("psst", 13, 5, 4)))),
    (Promise.I8, "an offer is missed early", delay(20, -5.0)),
    (Promise.I8, "an offer is missed late", delay(20, 1.5)),
    (Promise.I8, "a pause ends early", delay(19, -5.0)),
    (
        Promise.I8,
        "an offer lives longer than its timeout",
        change(e.OfferMade, of="one", inner="offer", expire_at=1_700_000_099.0),
    ),
    (
        Promise.I8,
        "an offer that fell due meanwhile counts",
        change(e.OfferEnded, of="two", outcome=OfferOutcome.MISSED, reason=RevokeReason.NONE),
    ),
    (
        Promise.I8,
        "an offer is revoked as due that is not",
        change(e.OfferEnded, of="one", nth=-1, reason=RevokeReason.ENGINE_DOWN),
    ),
    (
        Promise.I8,
        "a search is given up before its ttl",
        change(e.InvitePlaced, of="four", inner="invite", expire_at=1_700_000_300.0),
    ),
    (Promise.I8, "an agent is logged out in his grace", change(e.AgentDetached, of="bob", grace_until=1_700_000_199.0)),
    (Promise.I8, "an agent's grace never ends", change(e.AgentDetached, of="bob", grace_until=1_700_000_150.0)),
    (Promise.I8, "engine time goes back", delay(15, -1.0)),
    (Promise.I9, "who transfers stays", drop(e.ParticipantLeft, of="one")),
    (Promise.I9, "who transfers leaves a record later", move(e.ParticipantLeft, of="one")),
    (Promise.I9, "a slot is not given back", drop(e.SlotReleased, of="ann")),
    (Promise.I9, "a slot is given back a record later", move(e.SlotReleased, of="ann")),
    (Promise.I9, "a slot is not taken", drop(e.SlotTaken, of="ann")),
    (Promise.I9, "a reservation is not ended", drop(e.ReservationEnded, of="cat")),
    (Promise.I9, "a reservation without an offer", add(11, _reserved("cat", "two", "two~9"))),
    (
        Promise.I9,
        "somebody leaves where he is not",
        add(
            25,
            (
                _TWO,
                e.ParticipantLeft(
                    at=0.0,
                    sequence=3,
                    agent=AgentId("cat"),
                    display_name="Cat",
                    role=ParticipantRole.PRIMARY,
                    reason=LeaveReason.LEFT,
                ),
            ),
        ),
    ),
    (Promise.I10, "an event of an entity that is not there", add(11, (conversation("none"), _unattended(1.0)))),
    (
        Promise.I11,
        "an idle agent beside a waiting invite",
        lambda r: [changed(each, facts=each.facts[:4]) if each.position == 37 else each for each in r[:37]],
    ),
    (Promise.I11, "a queue does not know who waits in it", drop(e.LineJoined, of="sales", nth=2)),
    (Promise.I13, "a record without principal", alter(11, principal="")),
    (Promise.I13, "a command without cause", alter(33, cause=Cause(CauseKind.STREAM, ""))),
    (Promise.I13, "a record is missing", lambda r: [each for each in r if each.position != 12]),
    (
        Promise.I13,
        "a decision that nobody asked for",
        add(27, (_FOUR, e.DecisionMade(invite=1, number=1, strategy="odd"))),
    ),
    (Promise.I13, "a boot that follows another past", change(e.Booted, nth=1, after_position=3)),
    (Promise.I14, "an agent applies settings", alter(2, principal="AGENT:agents/ann", key="")),
    (Promise.I14, "another agent speaks for ann", alter(11, principal="AGENT:agents/bob", key="")),
    (Promise.I14, "another agent accepts ann's offer", alter(10, principal="AGENT:agents/bob", key="")),
    (Promise.I14, "an adapter whispers", alter(16, principal="ADAPTER:channels/web", key="")),
    (Promise.I14, "one who is not there whispers", change(e.WhisperSent, agent=AgentId("cat"))),
    (
        Promise.I14,
        "one who is not there transfers",
        change(e.InvitePlaced, of="one", nth=2, inner="invite", requester=AgentId("cat")),
    ),
    (Promise.I14, "a viewer changes something", alter(34, principal="VIEWER:users/vic", key="")),
    (Promise.I15, "another tenant's record touches ann", alter(11, tenant="other")),
]


@pytest.mark.parametrize(
    ("promise", "forgery"), [(p, f) for p, _, f in FORGERIES], ids=[f"{p.name}-{w}" for p, w, _ in FORGERIES]
)
def test_a_falsified_journal_breaks_its_promise(promise: Promise, forgery: Forgery) -> None:
    assert promise in broken(forgery(honest().records))


@pytest.mark.spec("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I11", "I12", "I13", "I14", "I15")
def test_an_honest_story_breaks_nothing() -> None:
    story = honest()
    seen = {"clients": story.calls, "channels": story.handed, "canaries": [NOTE, WHISPER]}
    assert broken(story.records, live_digest=story.live_digest, **seen) == set()


def test_a_violation_reads_as_id_name_fact_and_place() -> None:
    checker = Checker()
    for record in drop(e.SlotReleased, of="ann")(honest().records):
        checker.follow(record)
    first = checker.violations[0]
    assert str(first) == "I9 PARTICIPATION: ann's slots are not those of his conversations: one (position 17)"


@pytest.mark.spec("I10")
def test_a_state_is_the_same_bytes_live_and_replayed() -> None:
    """A whole number of seconds may be an int among the limits; in an invite it is a float, as it is read back."""
    checker = Checker()
    for record in honest().records:
        checker.follow(record)
    assert checker.replay is not None
    for talk in ("one", "five", "six"):
        live, replayed = honest().live[conversation(talk)], checker.replay.states[conversation(talk)]
        assert encode_state(live) == encode_state(replayed)


@pytest.mark.spec("I10")
def test_a_live_engine_that_differs_from_the_replay_is_found() -> None:
    story = honest()
    assert broken(story.records[:-1], live_digest=story.live_digest) == {Promise.I10}


@pytest.mark.spec("I10")
def test_a_snapshot_that_differs_from_the_replay_is_found() -> None:
    checker = Checker()
    for record in honest().records:
        checker.follow(record)
    assert checker.replay is not None
    kept = {address: state for address, state in checker.replay.states.items() if state is not None}
    assert checker.compare_snapshots(checker.replay.states, kept, position=43) == []
    kept[_ANN] = kept[_BOB]
    assert checker.compare_snapshots(checker.replay.states, kept, position=43) == [
        "the snapshots hold agents/ann otherwise than the journal"
    ]


@pytest.mark.spec("I14")
def test_a_method_called_by_a_role_that_may_not_is_found() -> None:
    checker = Checker(methods={"ConversationService/Transfer": frozenset({Role.SUPERVISOR})})
    for record in honest().records:
        checker.follow(record)
    assert [str(each) for each in checker.violations] == [
        "I14 AUTHORITY: AGENT:agents/ann called ConversationService/Transfer (position 17)"
    ]


@pytest.mark.spec("I12")
def test_an_invite_that_overtakes_an_earlier_one_is_found() -> None:
    """Two invites wait in a queue; bob comes free and is offered the younger one."""
    records = list(honest().records[:27])
    # Bob's offer of `three` goes to `four` instead, which was placed after it.
    three, four = records[25], records[26]
    made = (e.OfferMade, e.LineLeft, e.SlotReserved)
    parked = changed(three, facts=tuple(fact for fact in three.facts if not isinstance(fact.event, made)))
    offered = next(f.event for f in three.facts if isinstance(f.event, e.OfferMade))
    more: list[tuple[Address, e.Event]] = [
        (_FOUR, offered),
        (_SALES, e.LineLeft(conversation=ConversationId("four"), invite=1)),
        _reserved("bob", "four", "four~1"),
    ]
    assert Promise.I12 in broken(add(27, *more)([*records[:25], parked, four]))


@pytest.mark.spec("I12", "R-Q7", "R-O4")
def test_an_agent_asked_again_before_another_was_asked_at_all_is_found() -> None:
    """Cat declines `one` and is asked again; had bob not been in the conversation, it would have been his turn."""
    left = e.ParticipantLeft(
        at=0.0,
        sequence=99,
        agent=AgentId("bob"),
        display_name="Bob",
        role=ParticipantRole.PRIMARY,
        reason=LeaveReason.LEFT,
    )
    out = add(18, (_ONE, left), (_BOB, e.SlotReleased(at=0.0, conversation=ConversationId("one"))))
    checker = Checker()
    for record in out(honest().records[:19]):
        checker.follow(record)
    facts = [violation.fact for violation in checker.violations if violation.promise is Promise.I12]
    assert facts == ["cat was offered conversations/one/invites/3, though bob comes before him"]
