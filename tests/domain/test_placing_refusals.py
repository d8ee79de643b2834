"""What refuses the placing of an invite, and in which order; a refusal changes nothing."""

import pytest

from hookflash.engine.domain import commands as c
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.limits import DURATION_MAX_S, Limits
from hookflash.engine.domain.refusals import Reason, Refusal
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.values import CloseCause, MediaDomainSettings, QueueSettings, Target
from hookflash.sdk.types import AgentId, InviteKind, ParticipantRole, QueueId

from .given import ANN, BILLING, BOB, CAT, VOICE, Centre, V, centre, conference, route, transfer

NOBODY, NOWHERE = AgentId("nobody"), QueueId("nowhere")


@pytest.fixture
def site() -> Centre:
    return centre(Limits(agents_per_conversation_max=2, transfers_per_conversation_max=2)).active(ANN)


def reason(site: Centre, command: c.ConversationCommand, conversation: str = V) -> Reason:
    """Why it is refused; nothing may have changed."""
    before = dict(site.entities)
    with pytest.raises(Refusal) as refused:
        site.tell(command, conversation)
    assert site.entities == before
    return refused.value.reason


@pytest.mark.spec("R-G2", "A-32")
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target(), Reason.BAD_FIELD),
        (Target(queue=BILLING, agent=BOB), Reason.BAD_FIELD),
        (Target(queue=NOWHERE), Reason.QUEUE_NOT_FOUND),
        (Target(agent=NOBODY), Reason.AGENT_NOT_FOUND),
    ],
)
def test_a_target_is_one_queue_or_one_agent_that_exists(site: Centre, target: Target, expected: Reason) -> None:
    assert reason(site, changed(transfer(ANN), target=target)) is expected


@pytest.mark.parametrize("kind", [InviteKind.TRANSFER, InviteKind.CONFERENCE])
@pytest.mark.parametrize("priority", [0, 11, -1])
@pytest.mark.spec("D-14")
def test_eleven_is_not_to_be_had_by_asking(site: Centre, kind: InviteKind, priority: int) -> None:
    command = changed(transfer(ANN), kind=kind, priority=priority)
    assert reason(site, command) is Reason.INVALID_SETTING


@pytest.mark.parametrize("ttl_s", [0, -1, DURATION_MAX_S + 1, float("nan"), float("inf")])
def test_a_ttl_is_a_duration_within_the_limit(site: Centre, ttl_s: float) -> None:
    assert reason(site, changed(transfer(ANN), ttl_s=ttl_s)) is Reason.INVALID_SETTING


@pytest.mark.spec("D-12", "A-27")
def test_a_note_that_is_too_long_is_refused_before_anything_happens(site: Centre) -> None:
    assert reason(site, transfer(ANN, note="x" * 1_001)) is Reason.NOTE_TOO_LONG


def test_an_unknown_conversation_or_agent_is_not_found(site: Centre) -> None:
    assert reason(site, transfer(ANN), "nowhere") is Reason.CONVERSATION_NOT_FOUND
    assert reason(site, transfer(NOBODY)) is Reason.AGENT_NOT_FOUND


@pytest.mark.spec("A-28", "A-32")
def test_who_is_not_in_it_or_not_any_more_is_refused(site: Centre) -> None:
    assert reason(site, transfer(BOB)) is Reason.NOT_A_PARTICIPANT
    site.tell(transfer(ANN))
    assert reason(site, transfer(ANN)) is Reason.NOT_A_PARTICIPANT


@pytest.mark.spec("R-G12")
def test_only_a_primary_invites(site: Centre) -> None:
    talk = site.talk()
    mate = changed(talk.participants[0], role=ParticipantRole.MONITOR)
    site.entities[Address(Kind.CONVERSATION, V)] = changed(talk, participants=(mate,))
    assert reason(site, transfer(ANN)) is Reason.ROLE_NOT_ALLOWED


@pytest.mark.spec("A-32")
def test_a_closed_conversation_stays_closed(site: Centre) -> None:
    site.tell(c.Close(agent=ANN, cause=CloseCause.AGENT))
    assert reason(site, transfer(ANN)) is Reason.CONVERSATION_CLOSED


@pytest.mark.spec("R-G1", "A-32")
def test_without_the_customer_it_is_not_active(site: Centre) -> None:
    site.tell(c.EndSession())
    assert reason(site, transfer(ANN)) is Reason.CONVERSATION_NOT_ACTIVE
    assert reason(site, conference(ANN)) is Reason.CONVERSATION_NOT_ACTIVE
    assert reason(site, route()) is Reason.CONVERSATION_ATTENDED


@pytest.mark.spec("D-10", "R-C2", "A-16", "A-20", "INV-2", "F-12")
def test_there_is_one_open_invite_whatever_its_kind(site: Centre) -> None:
    site.tell(conference(ANN))
    before = site.invite()
    assert reason(site, conference(ANN)) is Reason.INVITE_PENDING
    assert reason(site, transfer(ANN, agent=BOB)) is Reason.INVITE_PENDING
    assert site.invite() == before


@pytest.mark.spec("R-G10")
def test_route_is_for_conversations_that_nobody_attends(site: Centre) -> None:
    assert reason(site, route()) is Reason.CONVERSATION_ATTENDED


@pytest.mark.spec("A-19")
def test_the_inviting_agent_and_participants_are_no_targets() -> None:
    site = centre().active(ANN, BOB)
    assert reason(site, transfer(ANN, agent=ANN)) is Reason.TARGET_IS_REQUESTER
    assert reason(site, conference(ANN, agent=BOB)) is Reason.TARGET_ALREADY_PARTICIPANT


@pytest.mark.spec("R-T7", "R-C7", "A-19")
def test_a_busy_agent_is_no_target() -> None:
    site = centre(Limits(capacity={"chat": 1})).active(ANN).active(BOB, conversation="other")
    assert reason(site, transfer(ANN, agent=BOB)) is Reason.TARGET_NOT_AVAILABLE
    assert reason(site, conference(ANN, agent=BOB)) is Reason.TARGET_NOT_AVAILABLE


@pytest.mark.spec("R-A3", "A-32")
def test_a_queue_of_another_media_domain_is_refused(site: Centre) -> None:
    phone = QueueSettings(id=QueueId("phone"), media_domain=VOICE)
    site.apply(c.Apply(media_domains=(MediaDomainSettings(id=VOICE),), queues=(phone,)))
    assert reason(site, changed(transfer(ANN), target=Target(queue=phone.id))) is Reason.MEDIA_DOMAIN_MISMATCH


@pytest.mark.spec("A-20")
def test_the_limits_of_agents_and_of_transfers_are_refusals_of_their_own(site: Centre) -> None:
    for agent in (ANN, BOB):
        site.tell(transfer(agent, agent=BOB if agent == ANN else ANN))
        site.accept()
    assert reason(site, transfer(ANN)) is Reason.TRANSFER_LIMIT_REACHED
    site.tell(conference(ANN, agent=BOB))
    site.accept()
    assert reason(site, conference(ANN, agent=CAT)) is Reason.CONFERENCE_FULL


def test_a_full_queue_refuses_the_transfer_and_the_agent_stays() -> None:
    site = centre(Limits(waiting_max=1)).active(ANN).active(BOB, conversation="other")
    site.tell(transfer(BOB), "other")
    assert reason(site, transfer(ANN)) is Reason.QUEUE_FULL
    assert site.members() == [(ANN, ParticipantRole.PRIMARY)]


def test_a_stale_etag_is_told_before_the_state_is_judged_and_after_existence(site: Centre) -> None:
    address = Address(Kind.CONVERSATION, V)
    site.tell(conference(ANN))
    for command, expected in (
        (transfer(ANN), Reason.ETAG_MISMATCH),
        (changed(transfer(ANN), target=Target(queue=NOWHERE)), Reason.QUEUE_NOT_FOUND),
    ):
        with pytest.raises(Refusal) as refused:
            site.run(address, command, etag="of another state")
        assert refused.value.reason is expected
    with pytest.raises(Refusal) as refused:
        site.run(address, transfer(ANN), etag=site.talk().etag)
    assert refused.value.reason is Reason.INVITE_PENDING


def test_an_etag_outlives_a_settlement_and_nothing_that_an_agent_decides_on(site: Centre) -> None:
    before = site.talk().etag
    site.tell(c.SettleDelivery(delivery=1))
    assert site.talk().etag == before
    site.tell(conference(ANN))
    assert site.talk().etag != before


@pytest.mark.spec("R-G9")
def test_refusals_come_in_the_order_of_the_table(site: Centre) -> None:
    """Each command has the fault of its row and of all rows below it."""
    site.tell(conference(ANN))
    nowhere, self_target = Target(queue=NOWHERE), Target(agent=ANN)
    faults = (
        (changed(transfer(CAT, note="x" * 1_001), target=nowhere, priority=11), Reason.NOTE_TOO_LONG),
        (changed(transfer(CAT), target=nowhere, priority=11), Reason.INVALID_SETTING),
        (changed(transfer(CAT), target=nowhere), Reason.QUEUE_NOT_FOUND),
        (changed(transfer(CAT), target=self_target), Reason.NOT_A_PARTICIPANT),
        (changed(transfer(ANN), target=self_target), Reason.INVITE_PENDING),
    )
    for command, expected in faults:
        assert reason(site, command) is expected
    site.tell(c.CancelInvite(number=2))
    assert reason(site, changed(transfer(ANN), target=self_target)) is Reason.TARGET_IS_REQUESTER
