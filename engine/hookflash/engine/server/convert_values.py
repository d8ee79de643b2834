"""Times, durations, enums and targets between protobuf and the domain.

Engine time is seconds since the epoch as a float; on the wire it has microseconds, the most that such a float holds.
"""

from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from hookflash.engine.domain.limits import DURATION_MAX_S
from hookflash.engine.domain.notices import Style
from hookflash.engine.domain.refusals import BadField, InvalidSetting
from hookflash.engine.domain.text import clean_entries, clean_line
from hookflash.engine.domain.values import AttributeKind, Customer, Filtering, LeaveReason, Target
from hookflash.engine.server import names
from hookflash.sdk.types import (
    AgentState,
    ConversationState,
    InviteKind,
    InviteState,
    OfferOutcome,
    ParticipantRole,
    Role,
)
from hookflash.v1 import (
    agent_pb2,
    attribute_pb2,
    conversation_pb2,
    customer_pb2,
    invite_pb2,
    message_pb2,
    offer_pb2,
    options_pb2,
    participant_pb2,
    target_pb2,
)

__all__ = [
    "AGENT_STATE",
    "ATTRIBUTE_KIND",
    "CONVERSATION_STATE",
    "FILTERING",
    "INVITE_KIND",
    "INVITE_STATE",
    "LEAVE_REASON",
    "NOTICE_STYLE",
    "OFFER_OUTCOME",
    "PARTICIPANT_ROLE",
    "ROLE",
    "customer_from",
    "customer_to",
    "duration",
    "given",
    "seconds_or_none",
    "target_from",
    "target_to",
    "timestamp",
]

_MICROS: Final = 1_000_000
_NANOS: Final = 1_000_000_000
_NAME_LENGTH_MAX: Final = 256

AGENT_STATE: Final = {s: agent_pb2.AgentState.Value(f"AGENT_STATE_{s}") for s in AgentState}
ATTRIBUTE_KIND: Final = {s: attribute_pb2.AttributeKind.Value(f"ATTRIBUTE_KIND_{s}") for s in AttributeKind}
CONVERSATION_STATE: Final = {
    s: conversation_pb2.ConversationState.Value(f"CONVERSATION_STATE_{s}") for s in ConversationState
}
FILTERING: Final = {f: message_pb2.Filtering.Value(f"FILTERING_{f or 'UNSPECIFIED'}") for f in Filtering}
INVITE_KIND: Final = {s: invite_pb2.InviteKind.Value(f"INVITE_KIND_{s}") for s in InviteKind}
INVITE_STATE: Final = {s: invite_pb2.InviteState.Value(f"INVITE_STATE_{s}") for s in InviteState}
LEAVE_REASON: Final = {s: participant_pb2.LeaveReason.Value(f"LEAVE_REASON_{s}") for s in LeaveReason}
NOTICE_STYLE: Final = {s: message_pb2.NoticeStyle.Value(f"NOTICE_STYLE_{s}") for s in Style}
OFFER_OUTCOME: Final = {s: offer_pb2.OfferOutcome.Value(f"OFFER_OUTCOME_{s}") for s in OfferOutcome}
PARTICIPANT_ROLE: Final = {s: participant_pb2.ParticipantRole.Value(f"PARTICIPANT_ROLE_{s}") for s in ParticipantRole}
ROLE: Final = {s: options_pb2.Role.Value(f"ROLE_{s}") for s in Role}


def timestamp(at: float) -> Timestamp:
    """An engine time."""
    seconds, micros = divmod(round(at * _MICROS), _MICROS)
    return Timestamp(seconds=seconds, nanos=micros * 1_000)


def duration(length_s: float) -> Duration:
    """A length of time of at least 0 s."""
    seconds, micros = divmod(round(length_s * _MICROS), _MICROS)
    return Duration(seconds=seconds, nanos=micros * 1_000)


def given(request: Message, field: str) -> bool:
    """Whether the caller set that field, where its absence means something."""
    return request.HasField(field)


def seconds_or_none(request: Message, field: str, *, is_zero_allowed: bool = False) -> float | None:
    """The seconds in a field of type Duration, or None where it is absent.

    Raises InvalidSetting unless it is more than 0 (or 0 where that is allowed) and at most 30 days.
    """
    if not request.HasField(field):
        return None
    value: Duration = getattr(request, field)
    length_s = value.seconds + value.nanos / 1e9
    # A Duration's two parts have one sign and the second is less than a second: anything else was made by mistake.
    if (
        not 0 <= value.nanos < _NANOS
        or not (0 <= length_s <= DURATION_MAX_S)
        or (length_s == 0 and not is_zero_allowed)
    ):
        least = "at least" if is_zero_allowed else "more than"
        raise InvalidSetting(field, f"must be {least} 0 and at most {DURATION_MAX_S:,.0f} seconds")
    return length_s


def target_to(target: Target) -> target_pb2.Target:
    """Whom an invite seeks."""
    if target.queue is not None:
        return target_pb2.Target(queue=f"queues/{target.queue}")
    return target_pb2.Target(agent=f"agents/{target.agent}")


def target_from(field: str, target: target_pb2.Target) -> Target:
    """Whom to seek. Raises BadField where neither a queue nor an agent is named."""
    match target.WhichOneof("target"):
        case "queue":
            return Target(queue=names.queue(f"{field}.queue", target.queue))
        case "agent":
            return Target(agent=names.agent(f"{field}.agent", target.agent))
        case _:
            raise BadField(field, "is required: a queue or an agent")


def customer_to(customer: Customer) -> customer_pb2.Customer:
    """What is known of a customer."""
    return customer_pb2.Customer(
        display_name=customer.display_name, identified=customer.is_identified, profile=customer.profile
    )


def customer_from(customer: customer_pb2.Customer) -> Customer:
    """What a channel or service says of a customer. Raises BadField."""
    return Customer(
        display_name=clean_line("customer.display_name", customer.display_name, _NAME_LENGTH_MAX),
        is_identified=customer.identified,
        profile=clean_entries("customer.profile", customer.profile),
    )
