"""A whole engine with its server on a free port, in process: what the tests of the server run against.

Callers are made by role; each has a token of its own, and calls methods by name as a client in any language would.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from hookflash.engine.actors.calls import Call
from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.commands import CreateToken
from hookflash.engine.domain.values import TokenSettings
from hookflash.engine.engine import Engine
from hookflash.engine.failpoints import Failpoints
from hookflash.engine.journal.memory import MemoryJournal, MemoryStore
from hookflash.engine.journal.record import CauseKind
from hookflash.engine.server.app import Server
from hookflash.engine.server.methods import Method, methods
from hookflash.engine.server.tokens import digest_of, new_token
from hookflash.engine.settings import HttpSettings, Limits, PluginSettings, Settings, TlsSettings
from hookflash.engine.views.store import Views
from hookflash.sdk.types import AgentId, ChannelId, Role
from hookflash.v1 import (
    admin_service_pb2,
    agent_pb2,
    agent_service_pb2,
    channel_pb2,
    channel_service_pb2,
    conversation_pb2,
    conversation_service_pb2,
    event_service_pb2,
    queue_pb2,
    queue_service_pb2,
    target_pb2,
)

METHODS: Mapping[str, Method] = {method.path: method for method in methods()}
SERVICES = {
    "ConversationService": conversation_service_pb2,
    "AgentService": agent_service_pb2,
    "QueueService": queue_service_pb2,
    "ChannelService": channel_service_pb2,
    "EventService": event_service_pb2,
    "AdminService": admin_service_pb2,
}
BILLING = target_pb2.Target(queue="queues/billing")
TIMEOUT_S = 10.0
_BOOT = Call(cause=CauseKind.BOOT)


def request_class(path: str) -> type[Message]:
    """The class of a method's request."""
    return type(METHODS[path].parse(b""))


def answer_class(path: str) -> type[Message]:
    """The class of a method's answer, or of a stream's items."""
    service, _, method = path.partition("/")
    return GetMessageClass(SERVICES[service].DESCRIPTOR.services_by_name[service].methods_by_name[method].output_type)


class Refused(Exception):  # noqa: N818  the answer of a call, not a fault of a test
    """A call that was refused: its code, its reason word, and everything a caller gets to read."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        super().__init__(error.details())
        self.code = error.code().name
        self.sentence = error.details() or ""
        self.info, self.bad_request, self.retry = ErrorInfo(), None, None
        for name, value in error.trailing_metadata() or ():
            if name == "grpc-status-details-bin":
                for detail in Status.FromString(value).details:
                    self._take(detail)

    def _take(self, detail: Any) -> None:  # noqa: ANN401  google.rpc has no types
        if detail.Is(ErrorInfo.DESCRIPTOR):
            detail.Unpack(self.info)
        elif detail.Is(BadRequest.DESCRIPTOR):
            self.bad_request = BadRequest.FromString(detail.value)
        elif detail.Is(RetryInfo.DESCRIPTOR):
            self.retry = RetryInfo.FromString(detail.value)

    @property
    def reason(self) -> str:
        return str(self.info.reason)


@dataclass
class Client:
    """Somebody who calls, with a token or without."""

    channel: grpc.aio.Channel
    token: str = ""
    metadata: tuple[tuple[str, str], ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        self.metadata = (("authorization", f"Bearer {self.token}"),) if self.token else ()

    async def call(self, path: str, **fields: Any) -> Any:  # noqa: ANN401  each method has its own
        """The answer of a unary method; `timeout_s` is the deadline. Raises Refused."""
        timeout_s = fields.pop("timeout_s", TIMEOUT_S)
        message = request_class(path)(**fields)
        unary = self.channel.unary_unary(
            f"/hookflash.v1.{path}",
            request_serializer=request_class(path).SerializeToString,
            response_deserializer=answer_class(path).FromString,
        )
        try:
            return await unary(message, metadata=self.metadata, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            raise Refused(error) from error

    @asynccontextmanager
    async def stream(self, path: str, **fields: Any) -> AsyncIterator["Stream"]:  # noqa: ANN401
        """A stream, cancelled at the end of the block."""
        opened = self.channel.unary_stream(
            f"/hookflash.v1.{path}",
            request_serializer=request_class(path).SerializeToString,
            response_deserializer=answer_class(path).FromString,
        )(request_class(path)(**fields), metadata=self.metadata)
        try:
            yield Stream(opened)
        finally:
            opened.cancel()


@dataclass
class Stream:
    """A stream that is read item by item."""

    opened: Any

    async def next(self) -> Any:  # noqa: ANN401
        """The next item; None at a good end. Raises Refused."""
        try:
            item = await asyncio.wait_for(self.opened.read(), TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise Refused(error) from error
        return None if item is grpc.aio.EOF else item

    async def until(self, kind: str) -> Any:  # noqa: ANN401
        """The next update of an agent's stream that is of that kind, its contents."""
        while True:
            item = await self.next()
            assert item is not None, f"the stream ended before a {kind}"
            if item.WhichOneof("update") == kind:
                return getattr(item, kind)


@dataclass
class Serving:
    """The engine, its server and its clock."""

    engine: Engine
    server: Server
    clock: ManualClock
    address: str
    channel: grpc.aio.Channel
    admin: Client

    async def client(
        self, role: Role, subject: str, *, agents: tuple[str, ...] = (), channel: str = "", ttl_s: float | None = None
    ) -> Client:
        """Somebody with a fresh token of that role."""
        made = new_token()
        settings = TokenSettings(
            id=made.id,
            subject=subject,
            role=role,
            digest=digest_of(made.secret),
            created_at=self.clock.now(),
            agents=tuple(AgentId(agent) for agent in agents),
            channel=ChannelId(channel) if channel else None,
            expire_at=None if ttl_s is None else self.clock.now() + ttl_s,
        )
        await self.engine.shard.submit(Address(Kind.TOKEN, made.id), CreateToken(settings=settings), _BOOT)
        return Client(self.channel, made.secret)

    async def agent(self, name: str) -> Client:
        """An agent's own client."""
        return await self.client(Role.AGENT, f"agents/{name}")

    async def site(self, *agents: str) -> None:
        """A queue `billing`, a channel `web` served from outside, and those agents."""
        await self.admin.call(
            "AdminService/Apply",
            queues=[queue_pb2.Queue(name="queues/billing", display_name="Billing")],
            agents=[agent_pb2.Agent(name=f"agents/{name}", display_name=name.title()) for name in agents],
            channels=[channel_pb2.Channel(name="channels/web", kind="web", is_external=True)],
        )

    async def ready(self, client: Client) -> None:
        """Let the attached agent take offers."""
        await client.call("AgentService/SetAgentState", state=agent_pb2.READINESS_READY)

    async def opened(self, name: str = "42", **fields: Any) -> conversation_pb2.Conversation:  # noqa: ANN401
        """A conversation in `billing`."""
        answer: conversation_pb2.Conversation = await self.admin.call(
            "ConversationService/CreateConversation",
            conversation_id=name,
            channel="channels/web",
            address=f"customer {name}",
            **({"target": BILLING} | fields),
        )
        return answer


@asynccontextmanager
async def serving(
    data: Path,
    *,
    limits: Limits | None = None,
    store: MemoryStore | None = None,
    tls: TlsSettings | None = None,
    failpoints: Failpoints | None = None,
    plugins: PluginSettings | None = None,
    texts: Mapping[str, object] | None = None,
    media_url: str = "",
) -> AsyncIterator[Serving]:
    """An engine that serves until the block ends, its files in `data`."""
    data.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  before anything runs
    clock = ManualClock()
    settings = Settings(
        listen="127.0.0.1:0",
        data=data,
        limits=limits or Limits(),
        tls=tls,
        plugins=plugins or PluginSettings(),
        texts=texts or {},
        http=HttpSettings(allow_private=("127.0.0.0/8",), media_url=media_url),
    )
    journal = MemoryJournal(store or MemoryStore(), failpoints or Failpoints())
    engine = Engine.assemble(settings, journal, Views.open(None), clock=clock)
    await engine.start()
    server = Server(engine)
    address = await server.start()
    async with grpc.aio.insecure_channel(address) as channel:
        admin = Client(channel, (data / "admin.token").read_text())
        try:
            yield Serving(engine, server, clock, address, channel, admin)
        finally:
            await server.stop()
            await engine.stop()
