"""Callers of a real server: each a channel of its own and a token, methods by name as any language would call them.

A refusal comes as `Refused` with everything that a caller gets to read of it.
"""
# ruff: noqa: ANN401  each method has fields and an answer of its own

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from hookflash.v1 import (
    admin_service_pb2,
    agent_pb2,
    attribute_pb2,
    channel_pb2,
    media_domain_pb2,
    options_pb2,
    queue_pb2,
    target_pb2,
)
from tests.e2e.server_process import ServerProcess
from tests.server.serving import Refused, answer_class, request_class

__all__ = ["Caller", "Desk", "Refused", "Site", "admin_of", "seconds", "site_on"]

TIMEOUT_S: Final = 10.0
STREAM_TIMEOUT_S: Final = 120.0
_OPTIONS: Final = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))


def seconds(length: int, nanos: int = 0) -> Duration:
    """A duration as it goes over the wire, also one that no server should take."""
    return Duration(seconds=length, nanos=nanos)


@dataclass
class Caller:
    """Somebody who calls, with a token or without."""

    channel: grpc.Channel
    token: str = ""
    headers: Sequence[tuple[str, str | bytes]] = field(default=())

    @property
    def metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """What goes with every call."""
        own = (("authorization", f"Bearer {self.token}"),) if self.token else ()
        return (*own, *self.headers)

    def call(self, path: str, request: Message | None = None, *, timeout_s: float = TIMEOUT_S, **fields: Any) -> Any:
        """The answer of a unary method. Raises Refused."""
        encoded = (request or request_class(path)(**fields)).SerializeToString()
        return answer_class(path).FromString(self.raw(path, encoded, timeout_s=timeout_s))

    def raw(self, path: str, request: bytes, *, timeout_s: float = TIMEOUT_S) -> bytes:
        """The bytes that a unary method answers those bytes with. Raises Refused."""
        unary: Any = self.channel.unary_unary(f"/hookflash.v1.{path}", None, None)
        try:
            return cast("bytes", unary(request, metadata=self.metadata, timeout=timeout_s))
        except grpc.RpcError as error:
            raise _refused(error) from error

    def raw_stream(self, path: str, request: bytes) -> bytes | None:
        """The first item that a stream answers those bytes with. Raises Refused."""
        stream: Any = self.channel.unary_stream(f"/hookflash.v1.{path}", None, None)
        opened = stream(request, metadata=self.metadata)
        try:
            return cast("bytes | None", Stream(opened).next())
        finally:
            opened.cancel()

    def begun(self, path: str, **fields: Any) -> Any:
        """A call that goes on in the background: `result()` is its answer, `cancel()` its end."""
        unary = self.channel.unary_unary(
            f"/hookflash.v1.{path}", request_class(path).SerializeToString, answer_class(path).FromString
        )
        return unary.future(request_class(path)(**fields), metadata=self.metadata, timeout=60.0)

    def open_stream(self, path: str, **fields: Any) -> Any:
        """A stream, unread: gRPC's own call, which is iterated and cancelled."""
        stream = self.channel.unary_stream(
            f"/hookflash.v1.{path}", request_class(path).SerializeToString, answer_class(path).FromString
        )
        return stream(request_class(path)(**fields), metadata=self.metadata, timeout=STREAM_TIMEOUT_S)

    @contextmanager
    def stream(self, path: str, **fields: Any) -> Iterator["Stream"]:
        """A stream, cancelled at the end of the block."""
        opened = self.open_stream(path, **fields)
        try:
            yield Stream(opened)
        finally:
            opened.cancel()

    def refusal(self, path: str, request: Message | None = None, **fields: Any) -> Refused:
        """How a unary call is refused; AssertionError where it is not."""
        try:
            answer = self.call(path, request, **fields)
        except Refused as refused:
            return refused
        raise AssertionError(f"{path} was answered: {answer}")

    def stream_refusal(self, path: str, **fields: Any) -> Refused:
        """How the opening of a stream is refused; AssertionError where it is not."""
        with self.stream(path, **fields) as stream:
            try:
                item = stream.next()
            except Refused as refused:
                return refused
        raise AssertionError(f"{path} was answered: {item}")


@dataclass
class Stream:
    """A stream that is read item by item."""

    opened: Any

    def next(self) -> Any:
        """The next item; None at a good end. Raises Refused."""
        watch = threading.Timer(TIMEOUT_S, self.opened.cancel)
        watch.start()
        try:
            return next(self.opened, None)
        except grpc.RpcError as error:
            raise _refused(error) from error
        finally:
            watch.cancel()


def _refused(error: grpc.RpcError) -> Refused:
    # Both kinds of gRPC's errors have code, details and trailing metadata.
    return Refused(cast("grpc.aio.AioRpcError", error))


class Desk:
    """An agent's attached stream, read in the background until the desk is closed."""

    def __init__(self, caller: Caller, **fields: Any) -> None:
        self.caller = caller
        self.opened = caller.open_stream("AgentService/Attach", **fields)
        self.end: grpc.RpcError | None = None
        self._updates: queue.Queue[Any] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.welcome = self.until("welcome")

    def _read(self) -> None:
        try:
            for update in self.opened:
                self._updates.put(update)
        except grpc.RpcError as error:
            self.end = error
        self._updates.put(None)

    def until(self, kind: str) -> Any:
        """The next update of that kind, its contents; what comes before it is passed over."""
        while True:
            update = self._updates.get(timeout=TIMEOUT_S)
            assert update is not None, f"the stream ended before a {kind}: {self.end}"
            if update.WhichOneof("update") == kind:
                return getattr(update, kind)

    def ended(self) -> "grpc.RpcError | None":
        """Read to the end of the stream; how it ended, None for a good end."""
        while self._updates.get(timeout=TIMEOUT_S) is not None:
            pass
        return self.end

    def close(self) -> None:
        """Go away."""
        self.opened.cancel()
        self._reader.join(TIMEOUT_S)


@dataclass
class Site:
    """A server with queues, agents and channels, and callers for them; close it before the server ends."""

    server: ServerProcess
    admin: Caller
    channels: list[grpc.Channel] = field(default_factory=list)
    desks: dict[str, Desk] = field(default_factory=dict)

    def caller(self, token: str = "", headers: Sequence[tuple[str, str | bytes]] = ()) -> Caller:
        """Somebody with that token, over the admin's connection."""
        return Caller(self.admin.channel, token, headers)

    def made(self, role: str, subject: str, *, ttl: Duration | None = None, **fields: Any) -> Caller:
        """Somebody with a fresh token of that role."""
        request = admin_service_pb2.CreateTokenRequest(
            role=options_pb2.Role.Value(f"ROLE_{role}"), subject=subject, ttl=ttl, **fields
        )
        return self.caller(self.admin.call("AdminService/CreateToken", request).token)

    def agent(self, name: str) -> Caller:
        """An agent's own caller: the one of his desk where he has one."""
        return self.desks[name].caller if name in self.desks else self.made("AGENT", f"agents/{name}")

    def attach(self, name: str, *, is_ready: bool = True) -> Desk:
        """Open an agent's desk, and let him take offers."""
        desk = self.desks[name] = Desk(self.made("AGENT", f"agents/{name}"))
        if is_ready:
            desk.caller.call("AgentService/SetAgentState", state=agent_pb2.READINESS_READY)
        return desk

    def opened(self, name: str, *, target: target_pb2.Target | None = None, channel: str = "web") -> Any:
        """A conversation."""
        return self.admin.call(
            "ConversationService/CreateConversation",
            conversation_id=name,
            channel=f"channels/{channel}",
            address=f"address of {name}",
            target=target,
        )

    def attended(self, name: str, agent: str) -> Any:
        """A conversation that an attached agent, and nobody else, has accepted."""
        self.opened(name, target=target_pb2.Target(agent=f"agents/{agent}"))
        return self.accepted(agent)

    def accepted(self, agent: str) -> Any:
        """Let an attached agent accept the next offer on his desk; the answer is the conversation."""
        offer = self.desks[agent].until("offer_made").offer
        return self.desks[agent].caller.call("AgentService/AcceptOffer", name=offer.name)

    @property
    def position(self) -> int:
        """The journal's position."""
        return int(self.admin.call("AdminService/GetServer").position)

    def close(self) -> None:
        """Close every desk and connection."""
        for desk in self.desks.values():
            desk.close()
        for channel in self.channels:
            channel.close()


def admin_of(server: ServerProcess) -> Caller:
    """The first admin; his channel is closed by whoever asked for him."""
    return Caller(grpc.insecure_channel(server.address, options=_OPTIONS), server.admin_token)


@contextmanager
def site_on(server: ServerProcess) -> Iterator[Site]:
    """Queues `billing`, `empty` and `phones` (voice), agents ann to eve in `billing`, an external channel `web`."""
    admin = admin_of(server)
    site = Site(server, admin, [admin.channel])
    try:
        admin.call(
            "AdminService/Apply",
            media_domains=[media_domain_pb2.MediaDomain(name="mediaDomains/voice", capacity=1)],
            attributes=[attribute_pb2.Attribute(name="attributes/french", kind=attribute_pb2.ATTRIBUTE_KIND_BOOLEAN)],
            queues=[
                queue_pb2.Queue(name="queues/billing", display_name="Billing"),
                queue_pb2.Queue(name="queues/empty", display_name="Nobody serves this"),
                queue_pb2.Queue(name="queues/phones", media_domain="voice"),
            ],
            agents=[
                agent_pb2.Agent(name=f"agents/{name}", display_name=name.title(), queues=["queues/billing"])
                for name in ("ann", "ben", "carl", "dora", "eve")
            ],
            channels=[channel_pb2.Channel(name="channels/web", kind="web", is_external=True)],
        )
        yield site
    finally:
        site.close()
