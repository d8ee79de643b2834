"""The assembly: one gRPC server for one engine, and the order in which it starts and ends.

The end: health says NOT_SERVING, new work is refused, every stream is told goodbye and ends, calls at work finish.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Final

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_health.v1.health import SERVICE_NAME  # type: ignore[import-untyped]
from grpc_health.v1.health import aio as health
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc  # type: ignore[import-untyped]
from prometheus_client import start_http_server

from hookflash.engine.actors.calls import Call, Sealed
from hookflash.engine.domain import commands as c
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.values import TokenSettings
from hookflash.engine.journal.record import CauseKind
from hookflash.engine.server.admin import AdminServicer
from hookflash.engine.server.admission import Admission
from hookflash.engine.server.agents import AgentServicer
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.audit import Audit
from hookflash.engine.server.authenticators import Authenticators
from hookflash.engine.server.channel_processes import ChannelProcesses
from hookflash.engine.server.channel_states import ChannelStates
from hookflash.engine.server.channels import ChannelServicer
from hookflash.engine.server.conversations import ConversationServicer
from hookflash.engine.server.credentials import Credentials
from hookflash.engine.server.desks import Desks
from hookflash.engine.server.events import EventServicer
from hookflash.engine.server.exposure import StartError
from hookflash.engine.server.guard import Guard
from hookflash.engine.server.link import Handlers
from hookflash.engine.server.listener import FrontListener, Listener
from hookflash.engine.server.methods import methods
from hookflash.engine.server.metrics import Metrics
from hookflash.engine.server.ports import Engine
from hookflash.engine.server.queue_board import QueueBoard
from hookflash.engine.server.queues import QueueServicer
from hookflash.engine.server.reading import Reading
from hookflash.engine.server.streams import Streams
from hookflash.engine.server.tail import Tail
from hookflash.engine.server.tokens import ADMIN_FILE, Tokens, digest_of, new_token, write_secret
from hookflash.sdk.types import Role
from hookflash.v1 import errors_pb2  # noqa: F401  # no field has the type ErrorReason: imported, it shows in reflection

__all__ = ["KEEPALIVE", "Server", "StartError"]

KEEPALIVE: Final = (
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # This one ends the connection; left alone it is a minute, whatever the timeout above says.
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)
"""Who gives no sign for 30 s is asked for one, and is gone when none comes within 10 s."""

_log = structlog.get_logger("hookflash.server")
_BOOT: Final = Call(cause=CauseKind.BOOT)
_GRACE_S: Final = 5.0
_STREAMS_MAX: Final = 20_000
_METADATA_BYTES_MAX: Final = 8 * 1024


class Server:
    """The gRPC server of one engine that has started."""

    def __init__(
        self,
        engine: Engine,
        *,
        has_files: bool = True,
        listener: Listener | None = None,
        steady: Callable[[], float] = monotonic,
    ) -> None:
        """Put the parts together; nothing listens yet. `has_files`: audit.log and admin.token go into the data.

        `listener` brings the calls; without one, a front on threads does. `steady` is the clock of rates: a simulation
        has its own of both.
        """
        self._engine, self._has_files = engine, has_files
        self._asking = Asking(engine)
        plugins = engine.plugins
        self._authenticators = Authenticators(plugins.authenticators, self._asking.now, plugins.report_fault)
        self.metrics: Final = Metrics(engine.plugins.guard, engine.media, engine.projector)
        self.audit: Final = Audit(engine.settings.data if has_files else None)
        self._tokens = Tokens(_token_settings(engine))
        self._admission = Admission(engine.limits, lambda: engine.projector.lag, steady)
        self._desks, self._board, self._tail = Desks(self._asking), QueueBoard(self._asking), Tail(self._asking)
        self._streams = Streams(self._asking, self._desks)
        self._reading = Reading(self._asking, self.audit)
        self._channels = ChannelServicer(self._asking)
        self._processes = ChannelProcesses(engine, self._asking.now)
        self._health = health.HealthServicer()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._draining: asyncio.Task[None] | None = None
        self._metrics_server: tuple[Any, Any] | None = None
        self.drained: Final = asyncio.Event()
        self._listener = listener or FrontListener(options_of(engine.limits))

    async def start(self) -> str:
        """Write the first admin's token, take the port and serve; the answer is the address. Raises StartError."""
        hears, sees = self._engine.shard.subscribe(self._hear), self._engine.signs.subscribe(self._desks.show_typing)

        def unsubscribe() -> None:
            hears()
            sees()

        self._unsubscribe = unsubscribe
        await self._make_admin()
        self._serve_metrics()
        guard = self._guard()
        handlers = self._handlers(guard)
        address = await self._listener.start(
            self._engine.settings,
            handlers,
            commands=guard.commands,
            restarted=self.metrics.front_replaced,
        )
        self._processes.start(address)
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)
        return address

    async def drain(self) -> None:
        """End in order; done when no call is at work any more. Draining twice waits for the first."""
        if self._draining is None:
            self._draining = asyncio.get_running_loop().create_task(self._drain())
        await asyncio.shield(self._draining)

    async def stop(self) -> None:
        """Drain, and give everything back."""
        await self.drain()
        self._unsubscribe()
        self._authenticators.stop()
        self._asking.close()
        self.audit.close()
        if self._metrics_server is not None:
            self._metrics_server[0].shutdown()
            self._metrics_server[0].server_close()
            self._metrics_server = None

    async def _drain(self) -> None:
        await self._processes.stop()
        await self._health.enter_graceful_shutdown()
        self._admission.is_draining = self._streams.is_ending = True
        self._engine.shard.is_draining = True
        for part in (self._desks, self._board, self._tail, self._channels, self._reading):
            part.end_all()
        await self._listener.stop(_GRACE_S)
        self.drained.set()

    def _begin_drain(self) -> None:
        if self._draining is None:
            self._draining = asyncio.get_running_loop().create_task(self._drain())

    def _hear(self, group: Sequence[Sealed]) -> None:
        for part in (self._tail, self._desks, self._board, self._reading, self._processes):
            try:
                part.hear(group)
            except Exception as error:  # noqa: BLE001  what cannot be shown must not stop the shard
                _log.error("hearing.failed", part=type(part).__name__, error=type(error).__name__)

    def _guard(self) -> Guard:
        asking, tls = self._asking, self._engine.settings.tls
        is_mutual = tls is not None and tls.client_ca is not None
        credentials = Credentials(self._tokens, self._authenticators, asking.now, is_mutual=is_mutual)
        return Guard(credentials, self._admission, self.metrics, self.audit, asking.now, self._engine.questions.hooks)

    def _handlers(self, guard: Guard) -> Handlers:
        """What serves each method, by its path."""
        asking = self._asking
        servicers: Mapping[str, object] = {
            "hookflash.v1.ConversationService": ConversationServicer(asking, self._reading),
            "hookflash.v1.AgentService": AgentServicer(asking, self._streams),
            "hookflash.v1.QueueService": QueueServicer(asking, self._board),
            "hookflash.v1.ChannelService": self._channels,
            "hookflash.v1.EventService": EventServicer(asking, self._tail, self.audit),
            "hookflash.v1.AdminService": AdminServicer(
                asking, self._tokens, ChannelStates(self._engine, self._processes), self.metrics, self._begin_drain
            ),
        }
        opened = _Opened(guard)
        for method in methods():
            behaviour: Callable[..., Awaitable[Any]] = getattr(servicers[method.service], method.name)
            opened.handlers[f"/{method.service}/{method.name}"] = guard.wrapped(method, behaviour)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, opened)
        names = [*servicers, SERVICE_NAME, reflection.SERVICE_NAME]
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(reflection.aio.ReflectionServicer(names), opened)
        return opened.handlers

    async def _make_admin(self) -> None:
        """Write `admin.token` where there is none; the token that was lost with it is worth nothing then."""
        path = self._engine.settings.tokens.admin_file or self._engine.settings.data / ADMIN_FILE
        if not self._has_files or path.exists():
            return
        made = new_token()
        settings = TokenSettings(
            id=made.id,
            subject="admins/first",
            role=Role.ADMIN,
            digest=digest_of(made.secret),
            created_at=self._asking.now(),
        )
        await self._engine.shard.submit(Address(Kind.TOKEN, made.id), c.CreateToken(settings=settings), _BOOT)
        write_secret(path, made.secret)

    def _serve_metrics(self) -> None:
        listen = self._engine.settings.metrics_listen
        if listen is not None:
            host, _, port = listen.rpartition(":")
            try:
                self._metrics_server = start_http_server(int(port), host.strip("[]"), self.metrics.registry)
            except OSError as error:
                raise StartError(f"Metrics cannot be served on {listen}: {error.strerror}; choose another.") from error


class _Opened:
    """What gRPC's own services are added to: the handlers, with the guard around each method of theirs."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        # Reflection has two names for the same messages: clients ask for the newer one first.
        for name in {service, service.replace("v1alpha", "v1")}:
            for method, handler in handlers.items():
                self.handlers[f"/{name}/{method}"] = self._guard.wrapped_open(f"{name}/{method}", handler)

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """The same handlers come by name as well, and are added then."""


def _token_settings(engine: Engine) -> Mapping[str, TokenSettings]:
    return engine.shard.facts.states(Kind.TOKEN)  # type: ignore[return-value]  # each kind has one class of state


def options_of(limits: Limits) -> list[tuple[str, int]]:
    """The options of gRPC that these limits come to."""
    size = limits.grpc_message_bytes_max
    return [
        ("grpc.so_reuseport", 0),  # A second engine must not share the port in silence.
        ("grpc.max_receive_message_length", size),
        ("grpc.max_send_message_length", 64 * size),
        ("grpc.max_metadata_size", _METADATA_BYTES_MAX),
        # Without this gRPC lets anything up to twice as much through, and refuses by chance what lies between.
        ("grpc.absolute_max_metadata_size", _METADATA_BYTES_MAX),
        # Above all of our own limits: this one counts unary calls too, and makes a client wait without a word.
        ("grpc.max_concurrent_streams", _STREAMS_MAX),
        *KEEPALIVE,
    ]
