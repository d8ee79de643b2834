"""Who may call what: the option on every rpc, compared with a table written by hand.

The table is the reviewed copy: a new rpc, or a role more or less, fails here until somebody decided it twice.
"""

from importlib import import_module
from pathlib import Path

import pytest
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from hookflash.v1 import options_pb2

PROTO = Path(__file__).resolve().parents[2] / "proto"

# V viewer, A agent, S supervisor, X service, C channel adapter, M admin, who may call everything.
LETTERS = {
    "V": options_pb2.ROLE_VIEWER,
    "A": options_pb2.ROLE_AGENT,
    "S": options_pb2.ROLE_SUPERVISOR,
    "X": options_pb2.ROLE_SERVICE,
    "C": options_pb2.ROLE_ADAPTER,
    "M": options_pb2.ROLE_ADMIN,
}
TABLE = {
    "ConversationService/CreateConversation": "XCM",
    "ConversationService/GetConversation": "VASXM",
    "ConversationService/ListConversations": "VASXM",
    "ConversationService/CloseConversation": "ASXM",
    "ConversationService/SendMessage": "AXM",
    "ConversationService/Transfer": "ASXM",
    "ConversationService/Conference": "ASXM",
    "ConversationService/Whisper": "ASXM",
    "ConversationService/SendTyping": "AXM",
    "ConversationService/Leave": "ASXM",
    "ConversationService/Route": "SXM",
    "ConversationService/GetInvite": "VASXM",
    "ConversationService/CancelInvite": "ASXM",
    "ConversationService/ListTimeline": "VASXM",
    "ConversationService/GetTranscript": "XCM",
    "AgentService/GetAgent": "VASXM",
    "AgentService/ListAgents": "VASXM",
    "AgentService/SetAgentState": "ASXM",
    "AgentService/Attach": "AXM",
    "AgentService/Logout": "ASXM",
    "AgentService/AcceptOffer": "AXM",
    "AgentService/DeclineOffer": "AXM",
    "QueueService/GetQueue": "VASXM",
    "QueueService/ListQueues": "VASXM",
    "QueueService/WatchQueues": "VASXM",
    "ChannelService/Receive": "XCM",
    "ChannelService/UploadMedia": "XCM",
    "ChannelService/Deliveries": "XCM",
    "ChannelService/Signs": "XCM",
    "ChannelService/SettleDelivery": "XCM",
    "EventService/Watch": "VSXM",
    "EventService/ListEvents": "VSXM",
    "AdminService/GetServer": "M",
    "AdminService/Apply": "M",
    "AdminService/Export": "M",
    "AdminService/Drain": "M",
    "AdminService/CreateToken": "M",
    "AdminService/ListTokens": "M",
    "AdminService/Explain": "SM",
    "AdminService/RevokeToken": "M",
}
# What reads, streams, or has a key of its own; everything else changes something and takes a request_id.
WITHOUT_REQUEST_ID = {
    "ConversationService/SendTyping",  # shown for a moment, recorded nowhere
    *(rpc for rpc in TABLE if rpc.split("/")[1].startswith(("Get", "List"))),
    "AgentService/Attach",
    "QueueService/WatchQueues",
    "ChannelService/Receive",
    "ChannelService/UploadMedia",
    "ChannelService/Deliveries",
    "ChannelService/Signs",
    "ChannelService/SettleDelivery",
    "EventService/Watch",
    "AdminService/Export",
    "AdminService/Explain",
}


def _methods() -> dict[str, MethodDescriptor]:
    methods: dict[str, MethodDescriptor] = {}
    for path in (PROTO / "hookflash/v1").glob("*.proto"):
        services: dict[str, ServiceDescriptor] = import_module(
            f"hookflash.v1.{path.stem}_pb2"
        ).DESCRIPTOR.services_by_name
        methods |= {f"{service.name}/{m.name}": m for service in services.values() for m in service.methods}
    return methods


@pytest.mark.spec("I14")
def test_the_services_have_exactly_the_methods_of_the_table() -> None:
    assert sorted(_methods()) == sorted(TABLE)


@pytest.mark.spec("I14", "R-G12")
@pytest.mark.parametrize("rpc", sorted(TABLE))
def test_a_method_allows_exactly_the_roles_of_the_table(rpc: str) -> None:
    roles = list(_methods()[rpc].GetOptions().Extensions[options_pb2.allow].roles)
    assert roles == [LETTERS[letter] for letter in TABLE[rpc]]


@pytest.mark.spec("R-G8")
@pytest.mark.parametrize("rpc", sorted(TABLE))
def test_a_method_takes_a_request_id_exactly_if_it_changes_something(rpc: str) -> None:
    assert ("request_id" in _methods()[rpc].input_type.fields_by_name) == (rpc not in WITHOUT_REQUEST_ID)
