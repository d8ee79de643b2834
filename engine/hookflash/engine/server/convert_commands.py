"""What callers ask, as commands: names parsed, required fields there, texts within their limits.

Form is judged here, before existence (domain section 7); the rules' own functions are called, so that a text is
refused for the same reason wherever it comes in.
"""

from datetime import UTC, datetime
from typing import TypedDict

from hookflash.engine.domain import commands as c
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.refusals import BadField, InvalidSetting
from hookflash.engine.domain.text import (
    REASON_LENGTH_MAX,
    check_address,
    check_external_id,
    check_id,
    clean_caption,
    clean_entries,
    clean_line,
    clean_message,
    clean_note,
    clean_reason,
)
from hookflash.engine.domain.values import CloseCause, Customer, Target
from hookflash.engine.server import names
from hookflash.engine.server.convert_media import media_from
from hookflash.engine.server.convert_values import customer_from, given, seconds_or_none, target_from
from hookflash.sdk.channel import CustomerAddress, Receipt, ReceiptState
from hookflash.sdk.messages import Choice, Template
from hookflash.sdk.types import AgentId, ChannelId, DeliveryId, ExternalId, InviteKind, MediaDomainId, Role
from hookflash.v1 import agent_pb2, agent_service_pb2, channel_service_pb2, conversation_service_pb2

__all__ = [
    "Arrived",
    "Echoed",
    "aliases_in",
    "close_from",
    "echoed_from",
    "message_from",
    "message_id_in",
    "open_from",
    "parts_in",
    "place_from",
    "readiness_from",
    "receipt_from",
    "received_from",
    "route_from",
    "said_in",
    "settle_from",
]

_CAUSES = {Role.AGENT: CloseCause.AGENT, Role.SUPERVISOR: CloseCause.SUPERVISOR, Role.SERVICE: CloseCause.SERVICE}
_CHOICE_ID_LENGTH_MAX = 256
_RECEIPT_STATES = {
    channel_service_pb2.DELIVERY_RECEIPT_STATE_SENT: ReceiptState.SENT,
    channel_service_pb2.DELIVERY_RECEIPT_STATE_DELIVERED: ReceiptState.DELIVERED,
    channel_service_pb2.DELIVERY_RECEIPT_STATE_READ: ReceiptState.READ,
    channel_service_pb2.DELIVERY_RECEIPT_STATE_FAILED: ReceiptState.FAILED,
}
_PRIORITY_MAX = 10
CHOICES_MAX = 20
ALIASES_MAX = 10
PARTS_MAX = 1_000
VALUES_MAX = 50
VALUE_LENGTH_MAX = 1_024
WORD_LENGTH_MAX = 200


def open_from(request: conversation_service_pb2.CreateConversationRequest) -> c.OpenConversation:
    """A conversation for a customer's address."""
    return c.OpenConversation(
        channel=names.channel("channel", request.channel),
        address=check_address(request.address),
        customer=customer_from(request.customer),
        attributes=clean_entries("attributes", request.attributes),
        target=_target_or_none(request),
        priority=_priority(request),
        ttl_s=seconds_or_none(request, "ttl"),
    )


def place_from(
    kind: InviteKind,
    request: conversation_service_pb2.TransferRequest | conversation_service_pb2.ConferenceRequest,
    agent: AgentId,
    limits: Limits,
) -> c.PlaceInvite:
    """A transfer or a conference."""
    note = clean_note(request.note, limits.note_length_max) if given(request, "note") else None
    return c.PlaceInvite(
        kind=kind,
        agent=agent,
        target=target_from("target", request.target),
        note=note,
        ttl_s=seconds_or_none(request, "ttl"),
        priority=_priority(request),
    )


def route_from(request: conversation_service_pb2.RouteRequest) -> c.PlaceInvite:
    """A search for a conversation that nobody attends."""
    return c.PlaceInvite(
        kind=InviteKind.ROUTE,
        agent=None,
        target=target_from("target", request.target),
        ttl_s=seconds_or_none(request, "ttl"),
        priority=_priority(request),
    )


def close_from(role: Role, agent: AgentId | None, reason: str) -> c.Close:
    """The end, and who is the cause of it. An ADMIN closes as a supervisor does."""
    return c.Close(agent=agent, cause=_CAUSES.get(role, CloseCause.SUPERVISOR), reason=clean_reason(reason))


def message_from(request: conversation_service_pb2.SendMessageRequest, agent: AgentId, limits: Limits) -> c.SendMessage:
    """What an agent says to everybody."""
    if len(request.choices) > CHOICES_MAX:
        raise BadField("choices", f"has at most {CHOICES_MAX} choices")
    choices = tuple(
        Choice(id=_required("choices", each.id), title=_required("choices", each.title)) for each in request.choices
    )
    template = None
    if given(request, "template"):
        wanted = request.template
        if len(wanted.values) > VALUES_MAX:
            raise BadField("template", f"has at most {VALUES_MAX} values")
        template = Template(
            name=_required("template", wanted.name),
            language=_required("template", wanted.language),
            values=tuple(clean_line("template", value, VALUE_LENGTH_MAX) for value in wanted.values),
        )
    if not given(request, "media"):
        return c.SendMessage(agent=agent, text=said_in(request.text, limits), choices=choices, template=template)
    if choices or template is not None:
        raise BadField("media", "goes with neither choices nor a template; send two messages")
    caption = clean_caption(request.text, limits.message_length_max)
    return c.SendMessage(agent=agent, text=caption, media=media_from(request.media))


def _required(field: str, text: str) -> str:
    cleaned = clean_line(field, text, WORD_LENGTH_MAX)
    if not cleaned:
        raise BadField(field, "has an empty part")
    return cleaned


def said_in(text: str, limits: Limits) -> str:
    """The text of a message or whisper, refused here if it can be neither."""
    return clean_message(text, limits.message_length_max)


def readiness_from(request: agent_service_pb2.SetAgentStateRequest) -> c.SetReadiness:
    """Ready or not ready."""
    if request.state not in (agent_pb2.READINESS_READY, agent_pb2.READINESS_NOT_READY):
        raise BadField("state", "must be READY or NOT_READY")
    domain = MediaDomainId(check_id("media_domain", request.media_domain)) if request.media_domain else None
    is_ready = request.state == agent_pb2.READINESS_READY
    return c.SetReadiness(is_ready=is_ready, media_domain=domain, reason=clean_reason(request.reason))


class Arrived(TypedDict):
    """What a channel brought; `text` None: the customer left."""

    channel: ChannelId
    address: str
    external_id: str
    text: str | None
    choice_id: str
    customer: Customer
    target: Target | None


class Echoed(TypedDict):
    """What somebody of ours wrote past the engine; `delivery` is the name of ours that it may be."""

    address: str
    key: str
    text: str
    external_id: str
    delivery: str


def received_from(request: channel_service_pb2.ReceiveRequest, limits: Limits) -> Arrived:
    """What the customer did: wrote or left."""
    _check_key(request)
    text: str | None = None
    match request.WhichOneof("content"):
        case "text":
            text = clean_message(request.text, limits.message_length_max)
        case "customer_left" if request.customer_left:
            pass
        case _:
            raise BadField("content", "is required: a text, or customer_left as true")
    return Arrived(
        channel=names.channel("channel", request.channel),
        address=check_address(request.address),
        external_id=request.external_id,
        text=text,
        choice_id=clean_line("choice_id", request.choice_id, _CHOICE_ID_LENGTH_MAX),
        customer=customer_from(request.customer),
        target=_target_or_none(request),
    )


def echoed_from(request: channel_service_pb2.ReceiveRequest, limits: Limits) -> Echoed:
    """What somebody of ours wrote past the engine."""
    _check_key(request)
    echo = request.echo
    check_external_id("echo.external_id", echo.external_id)
    return Echoed(
        address=check_address(request.address),
        key=request.external_id,
        text=clean_message(echo.text, limits.message_length_max),
        external_id=echo.external_id,
        delivery=echo.delivery,
    )


def receipt_from(request: channel_service_pb2.ReceiveRequest, channel: ChannelId, now: float) -> Receipt:
    """How far a Delivery came, as a channel from outside tells it."""
    told = request.receipt
    state = _RECEIPT_STATES.get(told.state)
    if state is None:
        raise BadField("receipt.state", "is required: SENT, DELIVERED, READ or FAILED")
    up_to = told.up_to.ToDatetime(UTC) if told.HasField("up_to") else None
    if not (told.external_id or told.delivery or up_to):
        raise BadField("receipt", "names no Delivery: give external_id, delivery or up_to")
    check_external_id("receipt.external_id", told.external_id)
    address = check_address(request.address) if request.address or up_to is not None else None
    return Receipt(
        dedupe_key=request.external_id,
        state=state,
        at=datetime.fromtimestamp(now, UTC),
        external_id=ExternalId(told.external_id) if told.external_id else None,
        delivery_id=DeliveryId(told.delivery) if told.delivery else None,
        up_to=up_to,
        error=clean_line("receipt.error", told.error, REASON_LENGTH_MAX) or None,
        address=None if address is None else CustomerAddress(channel=channel, id=address),
    )


def settle_from(request: channel_service_pb2.SettleDeliveryRequest, number: int) -> c.SettleDelivery | float:
    """What became of a Delivery: settled, or the seconds after which it is to come again."""
    retry_s = seconds_or_none(request, "retry", is_zero_allowed=True)
    error = clean_line("error", request.error, REASON_LENGTH_MAX) if given(request, "error") else ""
    check_external_id("external_id", request.external_id)
    if retry_s is not None and not given(request, "error"):
        raise BadField("retry", "needs an error: without one the Delivery is done")
    if retry_s is not None:
        return retry_s
    failed = error or ("unknown" if given(request, "error") else "")
    return c.SettleDelivery(delivery=number, external_id=request.external_id, error=failed)


def aliases_in(request: channel_service_pb2.ReceiveRequest) -> list[str]:
    """The other ids of the customer who did that."""
    if len(request.aliases) > ALIASES_MAX:
        raise BadField("aliases", f"has at most {ALIASES_MAX} ids")
    return [check_address(each, "aliases") for each in request.aliases]


def message_id_in(request: channel_service_pb2.ReceiveRequest) -> str:
    """The outside's own id of a message, where it is not what a repeat is known by."""
    return check_external_id("message_id", request.message_id)


def parts_in(request: channel_service_pb2.SettleDeliveryRequest) -> list[str]:
    """The outside's ids of the earlier parts of a Delivery that went out in several."""
    if len(request.part_external_ids) > PARTS_MAX:
        raise BadField("part_external_ids", f"has at most {PARTS_MAX:,} ids")
    for each in request.part_external_ids:
        check_external_id("part_external_ids", each)
    return list(request.part_external_ids)


def _check_key(request: channel_service_pb2.ReceiveRequest) -> None:
    if not request.external_id:
        raise BadField("external_id", "is required: the outside's own id of what arrived")
    check_external_id("external_id", request.external_id)


def _target_or_none(
    request: conversation_service_pb2.CreateConversationRequest | channel_service_pb2.ReceiveRequest,
) -> Target | None:
    return target_from("target", request.target) if given(request, "target") else None


def _priority(
    request: (
        conversation_service_pb2.CreateConversationRequest
        | conversation_service_pb2.TransferRequest
        | conversation_service_pb2.ConferenceRequest
        | conversation_service_pb2.RouteRequest
    ),
) -> int | None:
    if not request.HasField("priority"):
        return None
    if not 1 <= request.priority <= _PRIORITY_MAX:
        raise InvalidSetting("priority", f"must be a whole number from 1 to {_PRIORITY_MAX}")
    return request.priority
