"""Calls that must be refused, as a table: who asks what, and the one word that says why not.

They are asked of the site that `test_bad_input.py` sets up: conversation `alone` (ann), `pair` (ann and ben), `left`
(ben, whose customer is gone), `parked` (in the queue `empty`), `offered` (to dora, open), `closed`; carl is not ready and
eve is logged out. Every word has one status code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import Message

from hookflash.v1 import (
    agent_pb2,
    attribute_pb2,
    channel_pb2,
    customer_pb2,
    media_domain_pb2,
    options_pb2,
    queue_pb2,
    target_pb2,
)
from tests.e2e.calling import seconds

__all__ = ["BAD_CALLS", "CODES", "BadCall"]

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


def _bad(reason: str, who: str, path: str, /, **fields: Any) -> BadCall:
    service = next(name for name, methods in _SERVICES.items() if path in methods.split())
    return BadCall(who=who, path=f"{service}/{path}", reason=reason, fields=fields, is_stream=path in _STREAMS)


_SERVICES: Final = {
    "ConversationService": "CreateConversation GetConversation ListConversations CloseConversation SendMessage Transfer"
    " Conference Whisper Leave Route GetInvite CancelInvite ListTimeline GetTranscript",
    "AgentService": "GetAgent ListAgents SetAgentState Attach Logout AcceptOffer DeclineOffer",
    "QueueService": "GetQueue ListQueues WatchQueues",
    "ChannelService": "Receive Deliveries SettleDelivery",
    "EventService": "Watch ListEvents",
    "AdminService": "GetServer Apply Export Drain CreateToken ListTokens RevokeToken",
}
_STREAMS: Final = frozenset({"Attach", "WatchQueues", "Deliveries", "Watch"})


def _to(name: str) -> target_pb2.Target:
    kind, _, _ = name.partition("/")
    return target_pb2.Target(**{kind.removesuffix("s"): name})


ALONE: Final = {"name": "conversations/alone"}
WEB: Final = {"channel": "channels/web"}
RECEIVED: Final = {**WEB, "address": "somebody", "external_id": "m1"}
BILLING: Final = _to("queues/billing")

_UNKNOWN: Final = [
    *(
        _bad("CONVERSATION_NOT_FOUND", who, method, name="conversations/nobody", **fields)
        for who, method, fields in (
            ("admin", "GetConversation", {}),
            ("admin", "CloseConversation", {}),
            ("ann", "SendMessage", {"text": "hello"}),
            ("ann", "Transfer", {"target": BILLING}),
            ("ann", "Conference", {"target": BILLING}),
            ("ann", "Whisper", {"text": "hello"}),
            ("ann", "Leave", {}),
            ("admin", "Route", {"target": BILLING}),
            ("admin", "ListTimeline", {}),
            ("admin", "GetTranscript", {}),
        )
    ),
    _bad("CONVERSATION_NOT_FOUND", "admin", "ListQueues", conversation="conversations/nobody"),
    _bad("QUEUE_NOT_FOUND", "admin", "GetQueue", name="queues/nowhere"),
    _bad("QUEUE_NOT_FOUND", "admin", "ListAgents", queue="queues/nowhere"),
    _bad("QUEUE_NOT_FOUND", "ann", "Transfer", **ALONE, target=_to("queues/nowhere")),
    _bad("QUEUE_NOT_FOUND", "ann", "Transfer", **ALONE, target=_to("queues/nowhere"), validate_only=True),
    _bad("QUEUE_NOT_FOUND", "ann", "Conference", **ALONE, target=_to("queues/nowhere")),
    _bad("QUEUE_NOT_FOUND", "admin", "CreateConversation", **WEB, address="a", target=_to("queues/nowhere")),
    _bad("QUEUE_NOT_FOUND", "admin", "Receive", **RECEIVED, text="hello", target=_to("queues/nowhere")),
    _bad("AGENT_NOT_FOUND", "admin", "GetAgent", name="agents/nobody"),
    _bad("AGENT_NOT_FOUND", "admin", "Attach", agent="agents/nobody"),
    _bad("AGENT_NOT_FOUND", "admin", "SetAgentState", agent="agents/nobody", state=agent_pb2.READINESS_READY),
    _bad("AGENT_NOT_FOUND", "admin", "Logout", agent="agents/nobody"),
    _bad("AGENT_NOT_FOUND", "ann", "Transfer", **ALONE, target=_to("agents/nobody")),
    _bad("INVITE_NOT_FOUND", "admin", "GetInvite", name="conversations/alone/invites/999"),
    _bad("INVITE_NOT_FOUND", "admin", "GetInvite", name="conversations/alone/invites/999", wait=seconds(1)),
    _bad("INVITE_NOT_FOUND", "admin", "CancelInvite", name="conversations/alone/invites/999"),
    _bad("OFFER_NOT_FOUND", "ann", "AcceptOffer", name="offers/alone~999"),
    _bad("OFFER_NOT_FOUND", "admin", "DeclineOffer", name="offers/alone~999"),
    _bad("CHANNEL_NOT_FOUND", "admin", "CreateConversation", channel="channels/fax", address="a"),
    _bad("CHANNEL_NOT_FOUND", "admin", "Receive", **{**RECEIVED, "channel": "channels/fax"}, text="hello"),
    _bad("CHANNEL_NOT_FOUND", "admin", "Deliveries", channel="channels/fax"),
    _bad("DELIVERY_NOT_FOUND", "admin", "SettleDelivery", name="conversations/alone/deliveries/999"),
    _bad("DELIVERY_NOT_FOUND", "admin", "SettleDelivery", name="conversations/nobody/deliveries/1"),
    _bad("TOKEN_NOT_FOUND", "admin", "RevokeToken", name="tokens/0123456789abcdef"),
    _bad("POSITION_GONE", "admin", "Watch", after_position=1_000_000),
    _bad("POSITION_GONE", "admin", "Watch", after_position=-1),
    _bad("POSITION_GONE", "carl", "Attach", after_position=1_000_000),
    _bad("POSITION_GONE", "carl", "Attach", after_position=-(2**63)),
]

_WRONG_STATES: Final = [
    _bad("CONVERSATION_CLOSED", "ann", "SendMessage", name="conversations/closed", text="hello"),
    _bad("CONVERSATION_CLOSED", "ann", "Transfer", name="conversations/closed", target=BILLING),
    _bad("CONVERSATION_CLOSED", "admin", "Route", name="conversations/closed", target=BILLING),
    _bad("CONVERSATION_CLOSED", "ann", "Leave", name="conversations/closed"),
    _bad("CONVERSATION_NOT_ACTIVE", "ben", "Transfer", name="conversations/left", target=BILLING),
    _bad("CONVERSATION_NOT_ACTIVE", "ben", "SendMessage", name="conversations/left", text="hello"),
    _bad("CONVERSATION_ATTENDED", "admin", "Route", **ALONE, target=BILLING),
    _bad("CONVERSATION_EXISTS", "admin", "CreateConversation", conversation_id="alone", **WEB, address="other"),
    _bad("CONVERSATION_EXISTS", "admin", "CreateConversation", **WEB, address="address of alone"),
    _bad("INVITE_PENDING", "admin", "Route", name="conversations/parked", target=BILLING),
    _bad("INVITE_CLOSED", "admin", "CancelInvite", name="conversations/alone/invites/1"),
    _bad("OFFER_CLOSED", "ann", "DeclineOffer", name="offers/alone~1"),
    _bad("NOT_A_PARTICIPANT", "ben", "SendMessage", **ALONE, text="hello"),
    _bad("NOT_A_PARTICIPANT", "ben", "Transfer", **ALONE, target=BILLING),
    _bad("NOT_A_PARTICIPANT", "eve", "Whisper", name="conversations/pair", text="hello"),
    _bad("NOT_A_PARTICIPANT", "ben", "Leave", **ALONE),
    _bad("NOT_A_PARTICIPANT", "ben", "CloseConversation", **ALONE),
    _bad("NOT_A_PARTICIPANT", "eve", "GetConversation", **ALONE),
    _bad("NOT_A_PARTICIPANT", "eve", "ListTimeline", **ALONE),
    _bad("NO_OTHER_AGENT", "ann", "Whisper", **ALONE, text="hello"),
    _bad("TARGET_IS_REQUESTER", "ann", "Transfer", **ALONE, target=_to("agents/ann")),
    _bad("TARGET_ALREADY_PARTICIPANT", "ann", "Conference", name="conversations/pair", target=_to("agents/ben")),
    _bad("TARGET_NOT_AVAILABLE", "ann", "Transfer", **ALONE, target=_to("agents/carl")),
    _bad("TARGET_NOT_AVAILABLE", "ann", "Transfer", **ALONE, target=_to("agents/eve")),
    _bad("TARGET_NOT_AVAILABLE", "ann", "Conference", **ALONE, target=_to("agents/dora")),
    _bad("MEDIA_DOMAIN_MISMATCH", "ann", "Transfer", **ALONE, target=_to("queues/phones")),
    _bad("AGENT_LOGGED_OUT", "eve", "SetAgentState", state=agent_pb2.READINESS_READY),
    _bad("IDENTITY_MISMATCH", "ben", "AcceptOffer", name="offers/offered~1"),
    _bad("IDENTITY_MISMATCH", "ben", "SendMessage", **ALONE, agent="agents/ann", text="hello"),
    _bad("IDENTITY_MISMATCH", "ben", "Attach", agent="agents/ann"),
]

_TEXTS: Final = [
    _bad("NOTE_TOO_LONG", "ann", "Transfer", **ALONE, target=BILLING, note="n" * 1_001),
    _bad("NOTE_TOO_LONG", "ann", "Conference", **ALONE, target=BILLING, note="n" * 1_001, validate_only=True),
    _bad("NOTE_TOO_LONG", "ann", "Transfer", **ALONE, target=BILLING, note="n" * 1_000_000),
    _bad("NOTE_TOO_LONG", "ann", "Transfer", **ALONE, target=BILLING, note="\0" * 100_000),
    *(
        _bad(reason, "ann", method, name="conversations/pair", text=text)
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
    _bad("MESSAGE_TOO_LONG", "admin", "Receive", **RECEIVED, text="m" * 4_097),
    _bad("EMPTY_MESSAGE", "admin", "Receive", **RECEIVED, text="\0 "),
    _bad("BAD_FIELD", "admin", "CloseConversation", name="conversations/parked", reason="r" * 1_001),
    _bad("BAD_FIELD", "carl", "SetAgentState", state=agent_pb2.READINESS_READY, reason="r" * 1_001),
    _bad("BAD_FIELD", "carl", "Logout", reason="r" * 1_001),
    _bad("BAD_FIELD", "dora", "DeclineOffer", name="offers/offered~1", reason="r" * 1_001),
    _bad("BAD_FIELD", "admin", "Receive", **{**RECEIVED, "external_id": "x" * 513}, text="hello"),
    _bad("BAD_FIELD", "admin", "Receive", **{**RECEIVED, "external_id": "x\0y"}, text="hello"),
    *(
        _bad("BAD_FIELD", "admin", "CreateConversation", **WEB, address="new", **fields)
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
    _bad("BAD_FIELD", "ann", "SendMessage", **ALONE, text="hello", request_id="r" * 129),
]

_DURATIONS: Final = [
    *(
        _bad("INVALID_SETTING", who, method, **fields, **{name: length})
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
    _bad("INVALID_SETTING", "admin", "GetInvite", name="conversations/alone/invites/1", wait=seconds(-1)),
    _bad("INVALID_SETTING", "admin", "GetInvite", name="conversations/alone/invites/1", wait=seconds(1, -1)),
    _bad("BAD_FIELD", "admin", "SettleDelivery", name="conversations/alone/deliveries/1", retry=seconds(1)),
    _bad("INVALID_SETTING", "admin", "SettleDelivery", name="conversations/alone/deliveries/1", error="e", retry=seconds(-1)),
    *(_bad("INVALID_SETTING", "ann", "Transfer", **ALONE, target=BILLING, priority=n) for n in (0, 11, -1, 2**31 - 1)),
]  # fmt: skip

_ODD_IDS: Final = (
    "../x", "a/b", "/a", "..", ".a", "-a", "%2e", "%2e%2e%2f", "a\0", "\0", "a\n", "A", "Ann", "a b", " a", "a" * 64,
    "a" * 100_000, "é", "a\\b", "a;b", "'", "a~1", "\u202ea", "a?b=c", "a#b", "*", "{a}", "$(a)",
)  # fmt: skip
_IDS: Final = [
    *(_bad("BAD_ID", "admin", "GetConversation", name=f"conversations/{odd}") for odd in _ODD_IDS),
    *(_bad("BAD_ID", "admin", "CreateConversation", conversation_id=odd, **WEB, address="new") for odd in _ODD_IDS),
    *(_bad("BAD_ID", "ann", "Transfer", **ALONE, target=_to(f"agents/{odd}")) for odd in _ODD_IDS),
    *(
        _bad("BAD_ID", "admin", "Apply", queues=[queue_pb2.Queue(name=f"queues/{odd}")])
        for odd in ("../x", "a/b", "a\0", "A", "a" * 64)
    ),
    _bad("BAD_ID", "admin", "Apply", agents=[agent_pb2.Agent(name="agents/../x")]),
    _bad("BAD_ID", "admin", "Apply", channels=[channel_pb2.Channel(name="channels/../x")]),
    _bad("BAD_ID", "admin", "Apply", attributes=[attribute_pb2.Attribute(name="attributes/../x")]),
    _bad("BAD_ID", "admin", "Apply", media_domains=[media_domain_pb2.MediaDomain(name="mediaDomains/../x")]),
    *(
        _bad("BAD_ID", "admin", method, name=name)
        for method, names in (
            ("GetConversation", ("alone", "conversations", "queues/alone", "conversations/alone/invites/1", "//")),
            ("GetQueue", ("billing", "agents/billing", "queues/")),
            ("GetAgent", ("ann", "agents/", "Agents/ann")),
            ("GetInvite", ("conversations/alone", "conversations/alone/invites", "conversations/alone/invites/0")),
            ("GetInvite", ("conversations/alone/invites/-1", "conversations/alone/invites/1x", "invites/1")),
            ("GetInvite", (f"conversations/alone/invites/{'9' * 40}", "conversations/alone/messages/1")),
            ("GetInvite", ("conversations/alone/invites/\u0661", "conversations/../invites/1")),
            ("SettleDelivery", ("conversations/alone/invites/1", "deliveries/1", "conversations/alone/deliveries/01")),
            ("AcceptOffer", ("alone~1", "offers/alone", "offers/~1", "offers/alone~x", "offers/../x~1")),
            ("RevokeToken", ("0123", "tokens/../x", "tokens/A")),
        )
        for name in names
    ),
    *(_bad("BAD_ID", "admin", "CreateConversation", **WEB, address=address) for address in ("", " ", "a\0", "a" * 257)),
    _bad("BAD_ID", "admin", "Receive", **{**RECEIVED, "address": "a\nb"}, text="hello"),
    _bad("BAD_ID", "carl", "SetAgentState", state=agent_pb2.READINESS_READY, media_domain="../chat"),
    _bad("BAD_ID", "admin", "ListQueues", agent="../x"),
]

_FIELDS: Final = [
    *(
        _bad("BAD_FIELD", who, method, **fields)
        for who, method, fields in (
            ("admin", "GetConversation", {}),
            ("admin", "GetInvite", {}),
            ("admin", "GetQueue", {}),
            ("admin", "GetAgent", {}),
            ("admin", "AcceptOffer", {}),
            ("admin", "RevokeToken", {}),
            ("admin", "SettleDelivery", {}),
            ("admin", "Deliveries", {}),
            ("admin", "Attach", {}),
            ("admin", "SendMessage", {**ALONE, "text": "hello"}),
            ("admin", "CreateConversation", {"address": "a"}),
            ("ann", "Transfer", ALONE),
            ("ann", "Transfer", {**ALONE, "target": target_pb2.Target()}),
            ("ann", "Transfer", {**ALONE, "target": target_pb2.Target(queue="")}),
            ("admin", "Route", ALONE),
            ("admin", "Receive", RECEIVED),
            ("admin", "Receive", {**RECEIVED, "customer_left": False}),
            ("admin", "Receive", {**WEB, "address": "a", "text": "hello"}),
            ("admin", "CreateToken", {}),
            ("admin", "CreateToken", {"subject": "services/x"}),
            ("admin", "CreateToken", {"role": options_pb2.ROLE_SERVICE}),
            ("admin", "CreateToken", {"subject": "services/x", "role": 99}),
            ("admin", "CreateToken", {"subject": "services/x", "role": options_pb2.ROLE_AGENT}),
            ("admin", "CreateToken", {"subject": "channels/x", "role": options_pb2.ROLE_ADAPTER}),
            ("admin", "CreateToken", {"subject": "a/x", "role": options_pb2.ROLE_ADMIN, "agents": ["agents/ann"]}),
            ("admin", "CreateToken", {"subject": "a/x", "role": options_pb2.ROLE_ADMIN, **WEB}),
            ("carl", "SetAgentState", {}),
            ("carl", "SetAgentState", {"state": 99}),
            ("carl", "SetAgentState", {"state": -1}),
            ("admin", "ListAgents", {"state": 99}),
            ("admin", "ListAgents", {"page_size": -1}),
            ("admin", "ListEvents", {"page_size": -(2**31)}),
            ("admin", "Deliveries", {**WEB, "max_in_flight": -1}),
            ("admin", "Deliveries", {**WEB, "max_in_flight": 2**31 - 1}),
            ("admin", "Apply", {"attributes": [attribute_pb2.Attribute(name="attributes/x", kind=99)]}),  # type: ignore[arg-type]
        )
    ),
    *(
        _bad("BAD_FIELD", "admin", method, filter=odd)
        for method in ("ListConversations", "ListEvents", "Watch")
        for odd in ("state", "state =", "= x", "state == ACTIVE", "a = b", "state = ACTIVE OR 1", "x" * 100_000, "\0",
                    "1=1; DROP TABLE entries", "state = ACTIVE AND state = ACTIVE", "subject = a AND subject = b")
    ),
    _bad("BAD_FIELD", "admin", "ListConversations", filter="state = SLEEPING"),
    _bad("BAD_ID", "admin", "ListConversations", filter="agent = ../x"),
    _bad("BAD_FIELD", "admin", "ListEvents", filter="type = NoSuchEvent"),
    *(
        _bad("BAD_FIELD", "admin", method, **fields, page_token=token)
        for method, fields in (
            ("ListConversations", {}), ("ListTimeline", ALONE), ("GetTranscript", ALONE), ("ListEvents", {}),
            ("ListAgents", {}), ("ListQueues", {}), ("ListTokens", {}),
        )
        for token in ("x y", "-1", "../x", "1\0", "9" * 1_000, "'", "\u0661", "1/../x")
    ),
    _bad("ETAG_MISMATCH", "ann", "Transfer", **ALONE, target=BILLING, etag="stale"),
    _bad("ETAG_MISMATCH", "ann", "CloseConversation", **ALONE, etag="\0"),
    _bad("ETAG_MISMATCH", "ann", "Conference", **ALONE, target=BILLING, etag="e" * 100_000),
    _bad("ETAG_MISMATCH", "admin", "Apply", queues=[queue_pb2.Queue(name="queues/billing", etag="stale")]),
]  # fmt: skip


def _queue(**fields: Any) -> Message:
    return queue_pb2.Queue(name="queues/new", **fields)


_SETTINGS: Final = [
    *(
        _bad("INVALID_SETTING", "admin", "Apply", queues=[queue])
        for queue in (
            _queue(display_name="d" * 51),
            _queue(display_name="\x1b[31m"),
            _queue(media_domain="smoke"),
            _queue(priority=11),
            _queue(priority=-1),
            _queue(strategy="no_such_strategy"),
            _queue(offer_timeout=seconds(300), ttl=seconds(300)),
            _queue(offer_timeout=seconds(-1)),
            _queue(ttl=seconds(0)),
            _queue(ttl=seconds(1, 2**31 - 1)),
            _queue(waiting_max=-1),
            _queue(waiting_max=2**31 - 1),
            _queue(steps=[queue_pb2.Step(expression="french")] * 11),
            _queue(steps=[queue_pb2.Step(expression="french >")]),
            _queue(steps=[queue_pb2.Step(expression="german >= 1")]),
            _queue(steps=[queue_pb2.Step(expression="(" * 100_000)]),
            _queue(steps=[queue_pb2.Step(expression="not " * 50_000 + "french")]),
            _queue(steps=[queue_pb2.Step(expression="french or " * 50_000 + "french")]),
            _queue(steps=[queue_pb2.Step(expression="__import__('os')")]),
            _queue(steps=[queue_pb2.Step(expression="french", wait=seconds(-1))]),
            _queue(overflow="queues/nowhere"),
        )
    ),
    *(
        _bad("INVALID_SETTING", "admin", "Apply", agents=[agent_pb2.Agent(name="agents/new", **fields)])
        for fields in (
            {"display_name": "d" * 51},
            {"display_name": "a\nb"},
            {"attributes": {"german": 1}},
            {"attributes": {"french": 2}},
            {"attributes": {"french": -1}},
            {"queues": ["queues/nowhere"]},
            {"domains": [agent_pb2.AgentDomain(media_domain="smoke", capacity=1)]},
            {"domains": [agent_pb2.AgentDomain(media_domain="chat", capacity=-1)]},
            {"domains": [agent_pb2.AgentDomain(media_domain="chat", capacity=2**31 - 1)]},
        )
    ),
    *(
        _bad("INVALID_SETTING", "admin", "Apply", channels=[channel_pb2.Channel(name="channels/new", **fields)])
        for fields in (
            {"kind": "k" * 51},
            {"kind": "a\0"},
            {"queue": "queues/nowhere"},
            {"queue": "queues/phones"},
            {"media_domain": "smoke"},
        )
    ),
    _bad("INVALID_SETTING", "admin", "Apply", media_domains=[media_domain_pb2.MediaDomain(name="mediaDomains/x", capacity=-1)]),
    _bad("INVALID_SETTING", "admin", "Apply", queues=[_queue(), _queue()]),
    _bad("QUEUE_IN_USE", "admin", "Apply", queues=[queue_pb2.Queue(name="queues/billing")], prune=True),
    _bad("AGENT_IN_USE", "admin", "Apply", agents=[agent_pb2.Agent(name="agents/eve")], prune=True),
    _bad("CHANNEL_IN_USE", "admin", "Apply", channels=[channel_pb2.Channel(name="channels/new")], prune=True),
]  # fmt: skip

_ROLES: Final = [
    _bad("ROLE_NOT_ALLOWED", "ann", "Apply"),
    _bad("ROLE_NOT_ALLOWED", "ann", "GetTranscript", **ALONE),
    _bad("ROLE_NOT_ALLOWED", "ann", "Watch", from_start=True),
    _bad("ROLE_NOT_ALLOWED", "viewer", "SendMessage", **ALONE, text="hello"),
    _bad("ROLE_NOT_ALLOWED", "adapter", "Transfer", **ALONE, target=BILLING),
    _bad("ROLE_NOT_ALLOWED", "adapter", "Receive", **{**RECEIVED, "channel": "channels/other"}, text="hello"),
]

BAD_CALLS: Final = [*_UNKNOWN, *_WRONG_STATES, *_TEXTS, *_DURATIONS, *_IDS, *_FIELDS, *_SETTINGS, *_ROLES]
"""Every one changes nothing, is answered with its word, and leaves a server that works."""

