"""How each unary method is called once, well, on a real server: what must be there before, and the request.

A method of the API without a line in the table fails the trial, so a new one cannot be forgotten.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import grpc.aio

from hookflash.sdk.client import Client
from hookflash.sdk.client import messages as m
from hookflash.sdk.client.connection import bearer
from hookflash.v1 import options_pb2
from tests.server.serving import answer_class, request_class
from tests.torture.crowd import CHANNEL, site_request

__all__ = ["REQUESTS", "Lab", "raw_call"]

_EMPTY: Final = m.Target(queue="queues/empty")
_PATIENCE_S: Final = 20.0


async def raw_call(channel: grpc.aio.Channel, token: str, path: str, request: Any, timeout_s: float) -> Any:  # noqa: ANN401
    """Call a unary method by its name, once, without any retry. Raises AioRpcError."""
    method = channel.unary_unary(
        f"/hookflash.v1.{path}",
        request_serializer=request_class(path).SerializeToString,
        response_deserializer=answer_class(path).FromString,
    )
    return await method(request, metadata=bearer(token), timeout=timeout_s)


@dataclass
class Lab:
    """A server's site, and what a call needs to find there, made over a connection that nobody disturbs."""

    client: Client
    token: str

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._desks: list[Any] = []

    def new(self, what: str) -> str:
        """An id that was not used before."""
        return f"{what}-{next(self._numbers)}"

    async def prepare(self) -> None:
        """Apply the site, and put ann and ben at their desks."""
        await self.client.apply(site_request())
        for name in ("ann", "ben"):
            await self.attached(name)

    async def attached(self, name: str) -> None:
        """Put an agent at a desk that nobody reads, ready."""
        desk = self.client.attach(f"agents/{name}")
        await anext(desk)
        self._desks.append(desk)
        await self.client.set_agent_state(
            m.SetAgentStateRequest(agent=f"agents/{name}", state=m.Readiness.READINESS_READY)
        )

    async def close(self) -> None:
        """Send everybody home."""
        for desk in self._desks:
            await desk.aclose()

    async def opened(self, target: m.Target | None = None) -> str:
        """A new conversation; its name."""
        name = self.new("c")
        request = m.CreateConversationRequest(conversation_id=name, channel=CHANNEL, address=f"+{name}", target=target)
        return str((await self.client.create_conversation(request)).name)

    async def offered(self, agent: str) -> str:
        """An open offer to that agent; its name."""
        name = await self.opened(m.Target(agent=f"agents/{agent}"))
        return f"offers/{name.removeprefix('conversations/')}~1"

    async def attended(self, agent: str = "ann") -> str:
        """A conversation that the agent is in; its name."""
        offer = await self.offered(agent)
        return str((await self.client.accept_offer(m.AcceptOfferRequest(name=offer))).name)

    async def conference(self) -> str:
        """A conversation that ann and ben are in; its name."""
        name = await self.attended()
        target = m.Target(agent="agents/ben")
        await self.client.conference(m.ConferenceRequest(name=name, agent="agents/ann", target=target))
        offer = f"offers/{name.removeprefix('conversations/')}~2"
        await self.client.accept_offer(m.AcceptOfferRequest(name=offer))
        return name

    async def spare_token(self) -> str:
        """A token for nobody's use; its name."""
        request = m.CreateTokenRequest(subject="viewers/spare", role=options_pb2.Role.ROLE_VIEWER)
        return str((await self.client.create_token(request)).name)

    async def positions_caused_by(self, cause: str, after: int) -> set[int]:
        """The records after a position that a command or arrival with that id made."""
        found: set[int] = set()
        token = f"{after}.1000000"
        while True:
            page = await self.client.list_events(m.ListEventsRequest(page_size=1_000, page_token=token))
            found |= {
                event.position for event in page.events if event.cause in (f"COMMAND:{cause}", f"ARRIVAL:{cause}")
            }
            if not page.next_page_token:
                return found
            token = page.next_page_token

    async def position(self) -> int:
        """Where the journal ends."""
        return int((await self.client.get_server(m.GetServerRequest())).position)


_Request = Callable[[Lab], Awaitable[Mapping[str, Any]]]


async def _nothing(_lab: Lab) -> Mapping[str, Any]:
    return {}


def _named(name: str) -> _Request:
    async def request(_lab: Lab) -> Mapping[str, Any]:
        return {"name": name}

    return request


def _in_conversation(**fields: Any) -> _Request:  # noqa: ANN401  of the method
    async def request(lab: Lab) -> Mapping[str, Any]:
        return {"name": await lab.attended(), **fields}

    return request


def _of_invite(**fields: Any) -> _Request:  # noqa: ANN401  of the method
    async def request(lab: Lab) -> Mapping[str, Any]:
        return {"name": f"{await lab.opened(_EMPTY)}/invites/1", **fields}

    return request


async def _apply(lab: Lab) -> Mapping[str, Any]:
    kind = m.AttributeKind.ATTRIBUTE_KIND_BOOLEAN
    return {"attributes": [m.Attribute(name=f"attributes/{lab.new('a')}", kind=kind)]}


async def _create_token(_lab: Lab) -> Mapping[str, Any]:
    return {"subject": "viewers/new", "role": options_pb2.Role.ROLE_VIEWER}


async def _explain(lab: Lab) -> Mapping[str, Any]:
    return {"invite": f"{await lab.opened(_EMPTY)}/invites/1"}


async def _revoke_token(lab: Lab) -> Mapping[str, Any]:
    return {"name": await lab.spare_token()}


async def _set_state(lab: Lab) -> Mapping[str, Any]:
    await lab.attached("carl")
    return {"agent": "agents/carl", "state": m.Readiness.READINESS_NOT_READY}


async def _logout(lab: Lab) -> Mapping[str, Any]:
    await lab.attached("dora")
    return {"agent": "agents/dora"}


async def _offer(lab: Lab) -> Mapping[str, Any]:
    return {"name": await lab.offered("ben")}


async def _create_conversation(lab: Lab) -> Mapping[str, Any]:
    name = lab.new("new")
    return {"conversation_id": name, "channel": CHANNEL, "address": f"+{name}", "target": _EMPTY}


async def _whisper(lab: Lab) -> Mapping[str, Any]:
    return {"name": await lab.conference(), "agent": "agents/ann", "text": "between us"}


async def _route(lab: Lab) -> Mapping[str, Any]:
    return {"name": await lab.opened(), "target": _EMPTY}


async def _receive(lab: Lab) -> Mapping[str, Any]:
    name = lab.new("x")
    return {"channel": CHANNEL, "address": f"+{name}", "external_id": name, "text": "hello", "target": _EMPTY}


async def _upload(lab: Lab) -> Mapping[str, Any]:
    return {"channel": CHANNEL, "external_id": lab.new("x"), "mime_type": "image/png", "chunk": b"png", "is_last": True}


async def _settle(lab: Lab) -> Mapping[str, Any]:
    return {"name": f"{await lab.attended()}/deliveries/1"}


_PLACING: Final[Mapping[str, Any]] = {"agent": "agents/ann", "target": _EMPTY, "note": "wants a refund"}

REQUESTS: Final[Mapping[str, _Request]] = {
    "AdminService/GetServer": _nothing,
    "AdminService/Apply": _apply,
    "AdminService/Export": _nothing,
    "AdminService/Drain": _nothing,
    "AdminService/CreateToken": _create_token,
    "AdminService/ListTokens": _nothing,
    "AdminService/RevokeToken": _revoke_token,
    "AdminService/Explain": _explain,
    "AgentService/GetAgent": _named("agents/ann"),
    "AgentService/ListAgents": _nothing,
    "AgentService/SetAgentState": _set_state,
    "AgentService/Logout": _logout,
    "AgentService/AcceptOffer": _offer,
    "AgentService/DeclineOffer": _offer,
    "ConversationService/CreateConversation": _create_conversation,
    "ConversationService/GetConversation": _in_conversation(),
    "ConversationService/ListConversations": _nothing,
    "ConversationService/CloseConversation": _in_conversation(),
    "ConversationService/SendMessage": _in_conversation(agent="agents/ann", text="hello"),
    "ConversationService/Transfer": _in_conversation(**_PLACING),
    "ConversationService/Conference": _in_conversation(**_PLACING),
    "ConversationService/Whisper": _whisper,
    "ConversationService/SendTyping": _in_conversation(agent="agents/ann", is_typing=True),
    "ConversationService/Leave": _in_conversation(agent="agents/ann"),
    "ConversationService/Route": _route,
    "ConversationService/GetInvite": _of_invite(),
    "ConversationService/CancelInvite": _of_invite(),
    "ConversationService/ListTimeline": _in_conversation(),
    "ConversationService/GetTranscript": _in_conversation(),
    "QueueService/GetQueue": _named("queues/billing"),
    "QueueService/ListQueues": _nothing,
    "ChannelService/Receive": _receive,
    "ChannelService/SettleDelivery": _settle,
    "ChannelService/UploadMedia": _upload,
    "EventService/ListEvents": _nothing,
}
"""A request for every unary method, without its request_id, by the method's path."""
