"""Calls with malformed names, fields and settings: a table like that of `bad_calls.py`, asked of the same site."""
# ruff: noqa: ANN401  each message has fields of its own

from typing import Any, Final

from google.protobuf.message import Message

from hookflash.v1 import (
    agent_pb2,
    attribute_pb2,
    channel_pb2,
    media_domain_pb2,
    options_pb2,
    queue_pb2,
    target_pb2,
)
from tests.e2e.bad_calls import ALONE, BILLING, RECEIVED, WEB, bad, to
from tests.e2e.calling import seconds

__all__ = ["BAD_FIELDS"]

_ODD_IDS: Final = (
    "../x", "a/b", "/a", "..", ".a", "-a", "%2e", "%2e%2e%2f", "a\0", "\0", "a\n", "A", "Ann", "a b", " a", "a" * 64,
    "a" * 100_000, "é", "a\\b", "a;b", "'", "a~1", "\u202ea", "a?b=c", "a#b", "*", "{a}", "$(a)",
)  # fmt: skip
_IDS: Final = [
    *(bad("BAD_ID", "admin", "GetConversation", name=f"conversations/{odd}") for odd in _ODD_IDS),
    *(bad("BAD_ID", "admin", "CreateConversation", conversation_id=odd, **WEB, address="new") for odd in _ODD_IDS),
    *(bad("BAD_ID", "ann", "Transfer", **ALONE, target=to(f"agents/{odd}")) for odd in _ODD_IDS),
    *(
        bad("BAD_ID", "admin", "Apply", queues=[queue_pb2.Queue(name=f"queues/{odd}")])
        for odd in ("../x", "a/b", "a\0", "A", "a" * 64)
    ),
    bad("BAD_ID", "admin", "Apply", agents=[agent_pb2.Agent(name="agents/../x")]),
    bad("BAD_ID", "admin", "Apply", channels=[channel_pb2.Channel(name="channels/../x")]),
    bad("BAD_ID", "admin", "Apply", attributes=[attribute_pb2.Attribute(name="attributes/../x")]),
    bad("BAD_ID", "admin", "Apply", media_domains=[media_domain_pb2.MediaDomain(name="mediaDomains/../x")]),
    *(
        bad("BAD_ID", "admin", method, name=name)
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
    *(bad("BAD_ID", "admin", "CreateConversation", **WEB, address=address) for address in ("", " ", "a\0", "a" * 257)),
    bad("BAD_ID", "admin", "Receive", **{**RECEIVED, "address": "a\nb"}, text="hello"),
    bad("BAD_ID", "carl", "SetAgentState", state=agent_pb2.READINESS_READY, media_domain="../chat"),
    bad("BAD_ID", "admin", "ListQueues", agent="../x"),
]

_FIELDS: Final = [
    *(
        bad("BAD_FIELD", who, method, **fields)
        for who, method, fields in (
            ("admin", "GetConversation", {}),
            ("admin", "GetInvite", {}),
            ("admin", "GetQueue", {}),
            ("admin", "GetAgent", {}),
            ("admin", "AcceptOffer", {}),
            ("admin", "RevokeToken", {}),
            ("admin", "SettleDelivery", {}),
            ("admin", "Deliveries", {}),
            ("admin", "Signs", {}),
            ("admin", "UploadMedia", WEB),
            ("admin", "UploadMedia", {**WEB, "external_id": "m1", "offset": -1}),
            ("admin", "Receive", {**RECEIVED, "text": "hello", "media": f"media/{'0' * 32}"}),
            ("admin", "Receive", {**RECEIVED, "customer_left": True, "media": f"media/{'0' * 32}"}),
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
            ("admin", "Deliveries", {**WEB, "abilities": {"rejected": [0]}}),
            ("admin", "Deliveries", {**WEB, "abilities": {"rejected": [99]}}),
            ("admin", "Deliveries", {**WEB, "max_in_flight": 2**31 - 1}),
            ("admin", "Apply", {"attributes": [attribute_pb2.Attribute(name="attributes/x", kind=99)]}),  # type: ignore[arg-type]
        )
    ),
    *(
        bad("BAD_FIELD", "admin", method, filter=odd)
        for method in ("ListConversations", "ListEvents", "Watch")
        for odd in ("state", "state =", "= x", "state == ACTIVE", "a = b", "state = ACTIVE OR 1", "x" * 100_000, "\0",
                    "1=1; DROP TABLE entries", "state = ACTIVE AND state = ACTIVE", "subject = a AND subject = b")
    ),
    bad("BAD_FIELD", "admin", "ListConversations", filter="state = SLEEPING"),
    bad("BAD_ID", "admin", "ListConversations", filter="agent = ../x"),
    bad("BAD_FIELD", "admin", "ListEvents", filter="type = NoSuchEvent"),
    *(
        bad("BAD_FIELD", "admin", method, **fields, page_token=token)
        for method, fields in (
            ("ListConversations", {}), ("ListTimeline", ALONE), ("GetTranscript", ALONE), ("ListEvents", {}),
            ("ListAgents", {}), ("ListQueues", {}), ("ListTokens", {}),
        )
        for token in ("x y", "-1", "../x", "1\0", "9" * 1_000, "'", "\u0661", "1/../x")
    ),
    bad("ETAG_MISMATCH", "ann", "Transfer", **ALONE, target=BILLING, etag="stale"),
    bad("ETAG_MISMATCH", "ann", "CloseConversation", **ALONE, etag="\0"),
    bad("ETAG_MISMATCH", "ann", "Conference", **ALONE, target=BILLING, etag="e" * 100_000),
    bad("ETAG_MISMATCH", "admin", "Apply", queues=[queue_pb2.Queue(name="queues/billing", etag="stale")]),
]  # fmt: skip


def _queue(**fields: Any) -> Message:
    return queue_pb2.Queue(name="queues/new", **fields)


_SETTINGS: Final = [
    *(
        bad("INVALID_SETTING", "admin", "Apply", queues=[queue])
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
        bad("INVALID_SETTING", "admin", "Apply", agents=[agent_pb2.Agent(name="agents/new", **fields)])
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
        bad("INVALID_SETTING", "admin", "Apply", channels=[{"name": "channels/new", **fields}])
        for fields in (
            {"kind": "k" * 51},
            {"kind": "a\0"},
            {"queue": "queues/nowhere"},
            {"queue": "queues/phones"},
            {"media_domain": "smoke"},
        )
    ),
    bad("INVALID_SETTING", "admin", "Apply", media_domains=[{"name": "mediaDomains/x", "capacity": -1}]),
    bad("INVALID_SETTING", "admin", "Apply", queues=[_queue(), _queue()]),
    bad("QUEUE_IN_USE", "admin", "Apply", queues=[queue_pb2.Queue(name="queues/billing")], prune=True),
    bad("AGENT_IN_USE", "admin", "Apply", agents=[agent_pb2.Agent(name="agents/eve")], prune=True),
    bad("CHANNEL_IN_USE", "admin", "Apply", channels=[channel_pb2.Channel(name="channels/new")], prune=True),
]  # fmt: skip

BAD_FIELDS: Final = [*_IDS, *_FIELDS, *_SETTINGS]
"""Every one is refused for its form, before anything is looked up."""
