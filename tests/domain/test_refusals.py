"""Refusals: every reason has one code and one class, and every sentence shows a way out without telling tales."""

import inspect
from collections import Counter

import pytest

from hookflash.engine.domain import refusals
from hookflash.engine.domain.refusals import CODES, NEXT_REASONS, Code, Reason, Refusal

SAMPLES: tuple[Refusal, ...] = (
    refusals.NotAuthenticated(),
    refusals.IdentityMismatch("agents/ann", "agents/bob"),
    refusals.RoleNotAllowed("MONITOR", "send a message"),
    refusals.DeniedByPolicy("office_hours"),
    refusals.NoteTooLong(1_001, 1_000),
    refusals.MessageTooLong(5_000, 4_096),
    refusals.EmptyMessage(),
    refusals.TextBlocked(),
    refusals.TextBlocked("note", "a card's number"),
    refusals.BadId("queue", "Billing"),
    refusals.BadField("target", "is required"),
    refusals.InvalidSetting("priority", "must be 1 to 10"),
    refusals.RequestIdReused("r-1"),
    refusals.MailboxFull(),
    refusals.RateLimited(0.25),
    refusals.SlowConsumer(17),
    refusals.JournalTooLong(200_000, 100_000),
    refusals.PositionGone(3),
    refusals.EtagMismatch("a", "b"),
    refusals.TakenOver("agents/ann"),
    refusals.Draining(),
    refusals.JournalUnavailable("the disk is full"),
    refusals.PluginUnavailable("queues[0].strategy_options", "scores"),
    refusals.Internal("e-1"),
    refusals.ConversationNotFound("42"),
    refusals.QueueNotFound("billing"),
    refusals.AgentNotFound("ann"),
    refusals.InviteNotFound("conversations/42/invites/1"),
    refusals.OfferNotFound("offers/7"),
    refusals.ChannelNotFound("web"),
    refusals.DeliveryNotFound("conversations/42/deliveries/1"),
    refusals.TokenNotFound("t1"),
    refusals.ConversationExists("42", "its address has it open"),
    refusals.ConversationClosed("42"),
    refusals.ConversationNotActive("42", "CUSTOMER_LEFT"),
    refusals.ConversationAttended("42"),
    refusals.NotAParticipant("ann"),
    refusals.InvitePending("conversations/42/invites/1"),
    refusals.InviteClosed("conversations/42/invites/1", "ACCEPTED"),
    refusals.OfferClosed("offers/7", "MISSED"),
    refusals.TargetIsRequester("ann"),
    refusals.TargetAlreadyParticipant("bob"),
    refusals.TargetNotAvailable("bob"),
    refusals.MediaDomainMismatch("hotline", "voice", "chat"),
    refusals.ConferenceFull(8),
    refusals.TransferLimitReached(32),
    refusals.NoOtherAgent(),
    refusals.ContentNotSupported("template", "web"),
    refusals.WindowClosed("web", 86_400.0),
    refusals.AgentLoggedOut("ann"),
    refusals.QueueInUse("billing", "an invite is open"),
    refusals.AttributeInUse("english", "queue billing uses it"),
    refusals.AgentInUse("ann", "logged in"),
    refusals.ChannelInUse("web", "a session is open"),
    refusals.QueueFull("billing", 100_000),
)


def test_every_reason_has_exactly_one_code() -> None:
    assert set(CODES) == set(Reason)


def test_every_core_reason_has_exactly_one_class() -> None:
    classes = [each for _, each in inspect.getmembers(refusals, inspect.isclass) if issubclass(each, Refusal)]
    counted = Counter(each.reason for each in classes if each is not Refusal)
    assert counted == Counter(set(Reason) - NEXT_REASONS)


def test_every_class_is_sampled_here() -> None:
    assert {sample.reason for sample in SAMPLES} == set(Reason) - NEXT_REASONS


@pytest.mark.parametrize("refusal", SAMPLES, ids=lambda refusal: refusal.reason)
def test_a_refusal_is_one_sentence_with_a_way_out(refusal: Refusal) -> None:
    assert refusal.sentence.endswith(".")
    assert "\n" not in refusal.sentence
    assert len(refusal.sentence) < 400
    assert str(refusal) == refusal.sentence
    is_worded_by_the_rule = refusal.reason in {Reason.BAD_FIELD, Reason.INVALID_SETTING}
    assert is_worded_by_the_rule or any(mark in refusal.sentence for mark in (";", ","))


@pytest.mark.parametrize("refusal", SAMPLES, ids=lambda refusal: refusal.reason)
def test_a_bad_argument_names_its_field(refusal: Refusal) -> None:
    assert (refusal.code is Code.INVALID_ARGUMENT) <= (refusal.field is not None)


@pytest.mark.parametrize("refusal", SAMPLES, ids=lambda refusal: refusal.reason)
def test_a_retry_delay_is_given_where_a_retry_alone_can_help(refusal: Refusal) -> None:
    may_help = {Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE}
    assert (refusal.retry_after_s is not None) == (refusal.code in may_help)


@pytest.mark.spec("A-19", "A-28", "A-32")
@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.NOT_AUTHENTICATED, Code.UNAUTHENTICATED),
        (Reason.IDENTITY_MISMATCH, Code.PERMISSION_DENIED),
        (Reason.NOT_A_PARTICIPANT, Code.PERMISSION_DENIED),
        (Reason.BAD_ID, Code.INVALID_ARGUMENT),
        (Reason.TEXT_BLOCKED, Code.INVALID_ARGUMENT),
        (Reason.REQUEST_ID_REUSED, Code.INVALID_ARGUMENT),
        (Reason.TOKEN_NOT_FOUND, Code.NOT_FOUND),
        (Reason.CONVERSATION_EXISTS, Code.ALREADY_EXISTS),
        (Reason.CONVERSATION_NOT_ACTIVE, Code.FAILED_PRECONDITION),
        (Reason.TARGET_IS_REQUESTER, Code.FAILED_PRECONDITION),
        (Reason.TARGET_NOT_AVAILABLE, Code.FAILED_PRECONDITION),
        (Reason.MEDIA_DOMAIN_MISMATCH, Code.FAILED_PRECONDITION),
        (Reason.QUEUE_FULL, Code.RESOURCE_EXHAUSTED),
        (Reason.SLOW_CONSUMER, Code.RESOURCE_EXHAUSTED),
        (Reason.POSITION_GONE, Code.OUT_OF_RANGE),
        (Reason.ETAG_MISMATCH, Code.ABORTED),
        (Reason.TAKEN_OVER, Code.ABORTED),
        (Reason.DRAINING, Code.UNAVAILABLE),
        (Reason.INTERNAL, Code.INTERNAL),
    ],
)
def test_a_reason_answers_with_the_code_of_the_specification(reason: Reason, code: Code) -> None:
    assert CODES[reason] is code


def test_the_caller_learns_the_facts_as_metadata() -> None:
    refusal = refusals.OfferClosed("offers/7", "MISSED")
    assert dict(refusal.metadata) == {"offer": "offers/7", "outcome": "MISSED"}
    assert refusal.code is Code.FAILED_PRECONDITION


@pytest.mark.parametrize("value", ["hf_1_S3CRET-TOKEN", "+49 170 1234567", "Ann!"])
def test_a_malformed_id_is_described_and_not_repeated(value: str) -> None:
    refusal = refusals.BadId("agent", value)
    assert value not in refusal.sentence
    assert refusal.field == "agent"


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("", "`agent` is empty"),
        ("a" * 64, "`agent` has 64 characters"),
        (".ann", "`agent` has U+002E as character 1"),
        ("anN", "`agent` has U+004E as character 3"),
    ],
)
def test_a_malformed_id_is_refused_with_its_fault(value: str, fault: str) -> None:
    assert refusals.BadId("agent", value).sentence.startswith(fault)


def test_what_is_repeated_stays_on_one_line_and_short() -> None:
    refusal = refusals.QueueNotFound("x\r\nInjected: yes" + "y" * 10_000)
    assert refusal.sentence.startswith("There is no queue x??Injected: yesyyy")
    assert len(refusal.sentence) < 200
    assert len(refusal.metadata["queue"]) == 80
