"""Calls that must be refused, as a table: who asks what, and the one word that says why not.

They are asked of the site that `test_bad_input.py` sets up: conversation `alone` (ann), `pair` (ann and ben), `left`
(ben, whose customer is gone), `parked` (in the queue `empty`), `offered` (to dora, open), `closed`; carl is not ready
and eve is logged out. Every word has one status code.
"""
# ruff: noqa: ANN401  each method has fields of its own

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hookflash.v1 import agent_pb2, customer_pb2, options_pb2, target_pb2
from tests.e2e.calling import seconds

__all__ = ["ALONE", "BAD_CALLS", "BILLING", "CODES", "RECEIVED", "WEB", "BadCall", "bad", "to"]

CODES: Final[Mapping[str, str]] = {
    word: code
    for code, words in {
        "UNAUTHENTICATED": "NOT_AUTHENTICATED",
        "PERMISSION_DENIED": "IDENTITY_MISMATCH NOT_A_PARTICIPANT ROLE_NOT_ALLOWED",
        "INVALID_ARGUMENT": "NOTE_TOO_LONG MESSAGE_TOO_LONG EMPTY_MESSAGE BAD_ID BAD_FIELD INVALID_SETTING"
        " REQUEST_ID_REUSED",
        "NOT_FOUND": "CONVERSATION_NOT_FOUND QUEUE_NOT_FOUND AGENT_NOT_FOUND INVITE_NOT_FOUND OFFER_NOT_FOUND"
        " CHANNEL_NOT_FOUND DELIVERY_NOT_FOUND TOKEN_NOT_FOUND",
        "ALREADY_EXISTS": "CONVERSATION_EXISTS",
        "FAILED_PRECONDITION": "CONVERSATION_CLOSED CONVERSATION_NOT_ACTIVE CONVERSATION_ATTENDED INVITE_PENDING"
        " INVITE_CLOSED OFFER_CLOSED TARGET_IS_REQUESTER TARGET_ALREADY_PARTICIPANT TARGET_NOT_AVAILABLE"
        " MEDIA_DOMAIN_MISMATCH NO_OTHER_AGENT AGENT_LOGGED_OUT QUEUE_IN_USE AGENT_IN_USE CHANNEL_IN_USE",
        "OUT_OF_RANGE": "POSITION_GONE",
        "ABORTED": "ETAG_MISMATCH",
    }.items()
    for word in words.split()
}


@dataclass(frozen=True, kw_only=True)
class BadCall:
    """Who asks what, and why it is refused."""

    who: str
    path: str
    reason: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    is_stream: bool = False

    def __str__(self) -> str:
        """Return its id in the report."""
        shown = ",".join(f"{name}={_shown(value)}" for name, value in self.fields.items())
        return f"{self.reason}-{self.who}-{self.path.partition('/')[2]}({shown})"


def _shown(value: object) -> str:
    text = str(value).encode("ascii", "backslashreplace").decode().replace("\n", " ").replace("\0", "\\x00")
    return text if len(text) <= 30 else f"{text[:24]}~{len(text)}"


def bad(reason: str, who: str, path: str, /, **fields: Any) -> BadCall:
    """A method, without its service, that is refused to somebody for that reason."""
    service = next(name for name, methods in _SERVICES.items() if path in methods.split())
    return BadCall(who=who, path=f"{service}/{path}", reason=reason, fields=fields, is_stream=path in _STREAMS)


_SERVICES: Final = {
    "ConversationService": "CreateConversation GetConversation ListConversations CloseConversation SendMessage Transfer"
    " Conference Whisper SendTyping Leave Route GetInvite CancelInvite ListTimeline GetTranscript",
    "AgentService": "GetAgent ListAgents SetAgentState Attach Logout AcceptOffer DeclineOffer",
    "QueueService": "GetQueue ListQueues WatchQueues",
    "ChannelService": "Receive UploadMedia Deliveries Signs SettleDelivery",
    "EventService": "Watch ListEvents",
    "AdminService": "GetServer Apply Export Drain CreateToken ListTokens RevokeToken Explain",
}
_STREAMS: Final = frozenset({"Attach", "WatchQueues", "Deliveries", "Signs", "Watch"})


def to(name: str) -> target_pb2.Target:
    """The queue or agent of that name as a target."""
    kind, _, _ = name.partition("/")
    return target_pb2.Target(**{kind.removesuffix("s"): name})


ALONE: Final[Mapping[str, Any]] = {"name": "conversations/alone"}
WEB: Final[Mapping[str, Any]] = {"channel": "channels/web"}
RECEIVED: Final[Mapping[str, Any]] = {**WEB, "address": "somebody", "external_id": "m1"}
BILLING: Final = to("queues/billing")

_UNKNOWN: Final = [
    *(
        bad("CONVERSATION_NOT_FOUND", who, method, name="conversations/nobody", **fields)
        for who, method, fields in (
            ("admin", "GetConversation", {}),
            ("admin", "CloseConversation", {}),
            ("ann", "SendMessage", {"text": "hello"}),
            ("ann", "Transfer", {"target": BILLING}),
            ("ann", "Conference", {"target": BILLING}),
            ("ann", "Whisper", {"text": "hello"}),
            ("ann", "SendTyping", {}),
            ("ann", "Leave", {}),
            ("admin", "Route", {"target": BILLING}),
            ("admin", "ListTimeline", {}),
            ("admin", "GetTranscript", {}),
        )
    ),
    bad("CONVERSATION_NOT_FOUND", "admin", "ListQueues", conversation="conversations/nobody"),
    bad("QUEUE_NOT_FOUND", "admin", "GetQueue", name="queues/nowhere"),
    bad("QUEUE_NOT_FOUND", "admin", "ListAgents", queue="queues/nowhere"),
    bad("QUEUE_NOT_FOUND", "ann", "Transfer", **ALONE, target=to("queues/nowhere")),
    bad("QUEUE_NOT_FOUND", "ann", "Transfer", **ALONE, target=to("queues/nowhere"), validate_only=True),
    bad("QUEUE_NOT_FOUND", "ann", "Conference", **ALONE, target=to("queues/nowhere")),
    bad("QUEUE_NOT_FOUND", "admin", "CreateConversation", **WEB, address="a", target=to("queues/nowhere")),
    bad("QUEUE_NOT_FOUND", "admin", "Receive", **RECEIVED, text="hello", target=to("queues/nowhere")),
    bad("AGENT_NOT_FOUND", "admin", "GetAgent", name="agents/nobody"),
    bad("AGENT_NOT_FOUND", "admin", "Attach", agent="agents/nobody"),
    bad("AGENT_NOT_FOUND", "admin", "SetAgentState", agent="agents/nobody", state=agent_pb2.READINESS_READY),
    bad("AGENT_NOT_FOUND", "admin", "Logout", agent="agents/nobody"),
    bad("AGENT_NOT_FOUND", "ann", "Transfer", **ALONE, target=to("agents/nobody")),
    bad("INVITE_NOT_FOUND", "admin", "GetInvite", name="conversations/alone/invites/999"),
    bad("INVITE_NOT_FOUND", "admin", "GetInvite", name="conversations/alone/invites/999", wait=seconds(1)),
    bad("INVITE_NOT_FOUND", "admin", "CancelInvite", name="conversations/alone/invites/999"),
    bad("OFFER_NOT_FOUND", "ann", "AcceptOffer", name="offers/alone~999"),
    bad("OFFER_NOT_FOUND", "admin", "DeclineOffer", name="offers/alone~999"),
    bad("CHANNEL_NOT_FOUND", "admin", "CreateConversation", channel="channels/fax", address="a"),
    bad("CHANNEL_NOT_FOUND", "admin", "Receive", **{**RECEIVED, "channel": "channels/fax"}, text="hello"),
    bad("CHANNEL_NOT_FOUND", "admin", "Deliveries", channel="channels/fax"),
    bad("CHANNEL_NOT_FOUND", "admin", "Signs", channel="channels/fax"),
    bad("CHANNEL_NOT_FOUND", "admin", "UploadMedia", channel="channels/fax", external_id="m1"),
    bad("DELIVERY_NOT_FOUND", "admin", "SettleDelivery", name="conversations/alone/deliveries/999"),
    bad("DELIVERY_NOT_FOUND", "admin", "SettleDelivery", name="conversations/nobody/deliveries/1"),
    bad("TOKEN_NOT_FOUND", "admin", "RevokeToken", name="tokens/0123456789abcdef"),
    bad("POSITION_GONE", "admin", "Watch", after_position=1_000_000),
    bad("POSITION_GONE", "admin", "Watch", after_position=-1),
    bad("POSITION_GONE", "carl", "Attach", after_position=1_000_000),
    bad("POSITION_GONE", "carl", "Attach", after_position=-(2**63)),
]

_WRONG_STATES: Final = [
    bad("CONVERSATION_CLOSED", "ann", "SendMessage", name="conversations/closed", text="hello"),
    bad("CONVERSATION_CLOSED", "ann", "Transfer", name="conversations/closed", target=BILLING),
    bad("CONVERSATION_CLOSED", "admin", "Route", name="conversations/closed", target=BILLING),
    bad("CONVERSATION_CLOSED", "ann", "Leave", name="conversations/closed"),
    bad("CONVERSATION_CLOSED", "ann", "SendTyping", name="conversations/closed"),
    bad("CONVERSATION_NOT_ACTIVE", "ben", "Transfer", name="conversations/left", target=BILLING),
    bad("CONVERSATION_NOT_ACTIVE", "ben", "SendMessage", name="conversations/left", text="hello"),
    bad("CONVERSATION_ATTENDED", "admin", "Route", **ALONE, target=BILLING),
    bad("CONVERSATION_EXISTS", "admin", "CreateConversation", conversation_id="alone", **WEB, address="other"),
    bad("CONVERSATION_EXISTS", "admin", "CreateConversation", **WEB, address="address of alone"),
    bad("INVITE_PENDING", "admin", "Route", name="conversations/parked", target=BILLING),
    bad("INVITE_CLOSED", "admin", "CancelInvite", name="conversations/alone/invites/1"),
    bad("OFFER_CLOSED", "ann", "DeclineOffer", name="offers/alone~1"),
    bad("NOT_A_PARTICIPANT", "ben", "SendMessage", **ALONE, text="hello"),
    bad("NOT_A_PARTICIPANT", "ben", "Transfer", **ALONE, target=BILLING),
    bad("NOT_A_PARTICIPANT", "eve", "Whisper", name="conversations/pair", text="hello"),
    bad("NOT_A_PARTICIPANT", "ben", "Leave", **ALONE),
    bad("NOT_A_PARTICIPANT", "ben", "SendTyping", **ALONE),
    bad("NOT_A_PARTICIPANT", "ben", "CloseConversation", **ALONE),
    bad("NOT_A_PARTICIPANT", "eve", "GetConversation", **ALONE),
    bad("NOT_A_PARTICIPANT", "eve", "ListTimeline", **ALONE),
    bad("NO_OTHER_AGENT", "ann", "Whisper", **ALONE, text="hello"),
    bad("TARGET_IS_REQUESTER", "ann", "Transfer", **ALONE, target=to("agents/ann")),
    bad("TARGET_ALREADY_PARTICIPANT", "ann", "Conference", name="conversations/pair", target=to("agents/ben")),
    bad("TARGET_NOT_AVAILABLE", "ann", "Transfer", **ALONE, target=to("agents/carl")),
    bad("TARGET_NOT_AVAILABLE", "ann", "Transfer", **ALONE, target=to("agents/eve")),
    bad("TARGET_NOT_AVAILABLE", "ann", "Conference", **ALONE, target=to("agents/dora")),
    bad("MEDIA_DOMAIN_MISMATCH", "ann", "Transfer", **ALONE, target=to("queues/phones")),
    bad("AGENT_LOGGED_OUT", "eve", "SetAgentState", state=agent_pb2.READINESS_READY),
    bad("IDENTITY_MISMATCH", "ben", "AcceptOffer", name="offers/offered~1"),
    bad("IDENTITY_MISMATCH", "ben", "SendMessage", **ALONE, agent="agents/ann", text="hello"),
    bad("IDENTITY_MISMATCH", "ben", "Attach", agent="agents/ann"),
]

_TEXTS: Final = [
    bad("NOTE_TOO_LONG", "ann", "Transfer", **ALONE, target=BILLING, note="n" * 1_001),
    bad("NOTE_TOO_LONG", "ann", "Conference", **ALONE, target=BILLING, note="n" * 1_001, validate_only=True),
    bad("NOTE_TOO_LONG", "ann", "Transfer", **ALONE, target=BILLING, note="n" * 1_000_000),
    bad("NOTE_TOO_LONG", "ann", "Transfer", **ALONE, target=BILLING, note="\0" * 100_000),
    *(
        bad(reason, "ann", method, name="conversations/pair", text=text)
        for method in ("SendMessage", "Whisper")
        for reason, text in (
            ("MESSAGE_TOO_LONG", "m" * 4_097),
            ("MESSAGE_TOO_LONG", "m" * 100 * 1024),
            ("MESSAGE_TOO_LONG", " " * 1_000_000),
            ("EMPTY_MESSAGE", ""),
            ("EMPTY_MESSAGE", " \n\t\u2003"),
            ("EMPTY_MESSAGE", "\0\x1b\x7f\x9f"),
        )
    ),
    bad("MESSAGE_TOO_LONG", "admin", "Receive", **RECEIVED, text="m" * 4_097),
    bad("EMPTY_MESSAGE", "admin", "Receive", **RECEIVED, text="\0 "),
    bad("BAD_FIELD", "admin", "CloseConversation", name="conversations/parked", reason="r" * 1_001),
    bad("BAD_FIELD", "carl", "SetAgentState", state=agent_pb2.READINESS_READY, reason="r" * 1_001),
    bad("BAD_FIELD", "carl", "Logout", reason="r" * 1_001),
    bad("BAD_FIELD", "dora", "DeclineOffer", name="offers/offered~1", reason="r" * 1_001),
    bad("BAD_FIELD", "admin", "Receive", **{**RECEIVED, "external_id": "x" * 513}, text="hello"),
    bad("BAD_FIELD", "admin", "Receive", **{**RECEIVED, "external_id": "x\0y"}, text="hello"),
    *(
        bad("BAD_FIELD", "admin", "CreateConversation", **WEB, address="new", **fields)
        for fields in (
            {"customer": customer_pb2.Customer(display_name="d" * 257)},
            {"customer": customer_pb2.Customer(profile={"k" * 129: "v"})},
            {"customer": customer_pb2.Customer(profile={"k": "v" * 4_097})},
            {"customer": customer_pb2.Customer(profile={f"k{n}": "v" for n in range(101)})},
            {"attributes": {"": "v"}},
            {"attributes": {"k": "v" * 4_097}},
            {"attributes": {f"k{n}": "v" for n in range(101)}},
        )
    ),
    bad("BAD_FIELD", "ann", "SendMessage", **ALONE, text="hello", request_id="r" * 129),
]

_DURATIONS: Final = [
    *(
        bad("INVALID_SETTING", who, method, **fields, **{name: length})
        for who, method, fields, name in (
            ("ann", "Transfer", {**ALONE, "target": BILLING}, "ttl"),
            ("admin", "CreateConversation", {**WEB, "address": "new", "target": BILLING}, "ttl"),
            ("admin", "CreateToken", {"subject": "services/x", "role": options_pb2.ROLE_SERVICE}, "ttl"),
        )
        for length in (
            seconds(0),
            seconds(-1),
            seconds(0, -1),
            seconds(1, -500_000_000),
            seconds(-1, 500_000_000),
            seconds(1, 1_000_000_000),
            seconds(0, 2**31 - 1),
            seconds(30 * 24 * 3600 + 1),
            seconds(2**63 - 1),
            seconds(-(2**63)),
        )
    ),
    bad("INVALID_SETTING", "admin", "GetInvite", name="conversations/alone/invites/1", wait=seconds(-1)),
    bad("INVALID_SETTING", "admin", "GetInvite", name="conversations/alone/invites/1", wait=seconds(1, -1)),
    bad("BAD_FIELD", "admin", "SettleDelivery", name="conversations/alone/deliveries/1", retry=seconds(1)),
    bad("INVALID_SETTING", "admin", "SettleDelivery", name="conversations/a/deliveries/1", error="", retry=seconds(-1)),
    *(bad("INVALID_SETTING", "ann", "Transfer", **ALONE, target=BILLING, priority=n) for n in (0, 11, -1, 2**31 - 1)),
]  # fmt: skip

_ROLES: Final = [
    bad("ROLE_NOT_ALLOWED", "ann", "Apply"),
    bad("ROLE_NOT_ALLOWED", "ann", "GetTranscript", **ALONE),
    bad("ROLE_NOT_ALLOWED", "ann", "Watch", from_start=True),
    bad("ROLE_NOT_ALLOWED", "viewer", "SendMessage", **ALONE, text="hello"),
    bad("ROLE_NOT_ALLOWED", "adapter", "Transfer", **ALONE, target=BILLING),
    bad("ROLE_NOT_ALLOWED", "adapter", "Receive", **{**RECEIVED, "channel": "channels/other"}, text="hello"),
]

BAD_CALLS: Final = [*_UNKNOWN, *_WRONG_STATES, *_TEXTS, *_DURATIONS, *_ROLES]
"""Every one changes nothing, is answered with its word, and leaves a server that works."""
