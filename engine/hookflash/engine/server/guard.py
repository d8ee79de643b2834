"""What stands around every method: who calls, whether he may, whether there is room, and what he hears when it fails.

The order is that of domain section 7. Whatever is no refusal becomes INTERNAL with an id: the log has the rest under
it, the caller nothing more. Only here is a call aborted, and every abort is awaited.
"""

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from secrets import token_hex
from time import perf_counter
from typing import Any, Final, NoReturn

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from hookflash.engine.domain.refusals import (
    BadField,
    Code,
    DeniedByPolicy,
    Draining,
    Internal,
    Refusal,
    RoleNotAllowed,
)
from hookflash.engine.plugins.policy_hooks import PolicyHooks
from hookflash.engine.server import identity
from hookflash.engine.server.admission import Admission
from hookflash.engine.server.audit import Audit
from hookflash.engine.server.authenticators import Asked
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.credentials import Context, Credentials
from hookflash.engine.server.methods import Method
from hookflash.engine.server.metrics import Metrics
from hookflash.engine.server.names import names_in
from hookflash.engine.server.status import abort
from hookflash.sdk.policy import ResourceRef
from hookflash.sdk.types import Principal

__all__ = ["Behaviour", "Guard"]

Behaviour = Callable[[Any, Caller], Awaitable[bytes | Message | None]]
"""A servicer's method: a request and its caller in, the answer out; a stream writes and answers None."""

_AUDITED: Final = frozenset({Code.UNAUTHENTICATED, Code.PERMISSION_DENIED})
_log = structlog.get_logger("hookflash.server")


class Guard:
    """Wraps the methods of one server."""

    def __init__(
        self,
        credentials: Credentials,
        admission: Admission,
        metrics: Metrics,
        audit: Audit,
        now: Callable[[], float],
        hooks: PolicyHooks,
    ) -> None:
        """Take what it asks, counts by and writes to."""
        self._credentials, self._admission, self._metrics, self._hooks = credentials, admission, metrics, hooks
        self._audit, self._now = audit, now
        self._commands = set[str]()

    @property
    def commands(self) -> frozenset[str]:
        """The paths of the methods that change something."""
        return frozenset(self._commands)

    def wrapped(self, method: Method, behaviour: Behaviour) -> "grpc.RpcMethodHandler[Any, Any]":
        """The handler that gRPC is given for that method."""
        if method.is_command:
            self._commands.add(f"/{method.service}/{method.name}")
        make = grpc.unary_stream_rpc_method_handler if method.is_stream else grpc.unary_unary_rpc_method_handler
        return make(partial(self._call, method, behaviour), None, _serialized)

    def wrapped_open(self, path: str, handler: Any) -> Any:  # noqa: ANN401  gRPC types no handler's parts
        """A handler of gRPC's own (health, reflection), which answers without a token to this machine only."""

        async def parsed(encoded: bytes, context: Context) -> object:
            try:
                return handler.request_deserializer(encoded)
            except DecodeError:
                await _aborted(context, _not_a_request())

        async def answered(encoded: bytes, context: Context) -> object:
            await self._check_open(path, context)
            behaviour = handler.unary_stream if handler.response_streaming else handler.unary_unary
            watched = _Watched(context, self._admission) if handler.response_streaming else context
            return await behaviour(await parsed(encoded, context), watched)

        async def streamed(encoded: AsyncIterator[bytes], context: Context) -> AsyncIterator[object]:
            await self._check_open(path, context)
            requests = (await parsed(each, context) async for each in encoded)
            async for answer in handler.stream_stream(requests, context):
                yield answer

        parts = (None, handler.response_serializer)
        if handler.request_streaming:
            return grpc.stream_stream_rpc_method_handler(streamed, *parts)
        make = (
            grpc.unary_stream_rpc_method_handler if handler.response_streaming else grpc.unary_unary_rpc_method_handler
        )
        return make(answered, *parts)

    async def _call(
        self, method: Method, behaviour: Behaviour, encoded: bytes, context: Context
    ) -> bytes | Message | None:
        try:
            return await self._answer(method, behaviour, encoded, context)
        except grpc.aio.InternalError:
            # gRPC's word for a connection that takes nothing more, which comes before it cancels the handler: nobody
            # is left to be told, neither what he asked for nor why he does not get it.
            return b""

    async def _answer(
        self, method: Method, behaviour: Behaviour, encoded: bytes, context: Context
    ) -> bytes | Message | None:
        started = perf_counter()
        principal: Principal | None = None
        reason = "OK"
        try:
            asked: Asked | None = None
            if (found := self._credentials.of(context)) is None:
                asked = await self._credentials.asked(context)
                found = "", asked.principal
            token, principal = found
            _check_role(principal, method)
            request = _parsed(method, encoded)
            _check_identity(principal, method, request)
            self._admission.admit(principal, method)
            if method.is_stream:
                self._metrics.stream_opened(method.path)
            try:
                left_s = context.time_remaining()
                if left_s is not None and left_s <= 0:
                    await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "The deadline has passed; nothing was done.")
                await self._check_policy(principal, method, request)
                return await behaviour(request, self._caller(context, method, principal, token, asked))
            finally:
                self._admission.left(principal, method)
                if method.is_stream:
                    self._metrics.stream_ended(method.path)
        except Refusal as refusal:
            reason = str(refusal.reason)
            self._tell(refusal, method, principal, context)
            await _aborted(context, refusal)
        except grpc.aio.AbortError:
            reason = "DEADLINE_EXCEEDED"
            raise
        except grpc.aio.InternalError:
            reason = "CANCELLED"
            raise
        except asyncio.CancelledError:
            reason = "CANCELLED"
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Cancelled by code of our own, not by the caller: without an answer he would wait for his deadline.
            await _aborted(context, self._defect(method, asyncio.CancelledError()))
        except Exception as error:  # noqa: BLE001  whatever it is, its text must not reach the caller
            reason = "INTERNAL"
            await _aborted(context, self._defect(method, error))
        finally:
            self._metrics.ended(method.path, reason, None if method.is_stream else perf_counter() - started)

    def _caller(
        self, context: Context, method: Method, principal: Principal, token: str, asked: Asked | None
    ) -> Caller:
        waiting = partial(self._admission.waiting, principal)
        write = partial(self._write, context, token, asked)
        return Caller(principal, method, token, write, context.time_remaining, waiting)

    async def _write(self, context: Context, token: str, asked: Asked | None, item: bytes | Message) -> None:
        """Send an item of a stream, unless what proved its caller has become worthless since it was opened."""
        if asked is None:
            self._credentials.check(token)
        else:
            await asked.check()
        await context.write(item)

    async def _check_policy(self, principal: Principal, method: Method, request: Message) -> None:
        """Ask every plugin that may deny; what they see are the names in the request, never a text."""
        if not self._hooks.has_deny:
            return
        denied = await self._hooks.deny(principal, method.name, ResourceRef(names=names_in(request)))
        if denied is not None:
            raise DeniedByPolicy(denied.plugin, denied.why)

    def _tell(self, refusal: Refusal, method: Method, principal: Principal | None, context: Context) -> None:
        who = "" if principal is None else principal.key
        if refusal.code in _AUDITED:
            kind, reason = str(refusal.code), str(refusal.reason)
            more = {"plugin": refusal.plugin, "why": refusal.why} if isinstance(refusal, DeniedByPolicy) else {}
            said = {"principal": who, "method": method.path, "reason": reason, "peer": context.peer(), **more}
            self._audit.write(self._now(), kind, **said)
        if isinstance(refusal, Internal):
            self._metrics.broke()
        _log.debug("refused", method=method.path, reason=str(refusal.reason), principal=who)

    def _defect(self, method: Method, error: BaseException) -> Internal:
        error_id = token_hex(8)
        self._metrics.broke()
        # The frames and the type, not the message: that may hold what somebody wrote.
        frames = "".join(traceback.format_tb(error.__traceback__))
        _log.error("defect", error_id=error_id, method=method.path, error=type(error).__name__, frames=frames)
        return Internal(error_id)

    async def _check_open(self, path: str, context: Context) -> None:
        if is_local_peer(context.peer()):
            return
        try:
            if self._credentials.of(context) is None:
                await self._credentials.asked(context)
        except Refusal as refusal:
            self._audit.write(self._now(), str(refusal.code), principal="", method=path, peer=context.peer())
            await _aborted(context, refusal)


class _Watched:
    """The context of a stream of gRPC's own, which would never end: when the engine stops, it ends with the news."""

    def __init__(self, context: Context, admission: Admission) -> None:
        self._context, self._admission = context, admission

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever else a context has
        return getattr(self._context, name)

    async def write(self, message: object) -> None:
        await self._context.write(message)
        if self._admission.is_draining:
            await _aborted(self._context, Draining())


def _parsed(method: Method, encoded: bytes) -> Message:
    # Parsed here and not by gRPC, which would tell the caller what the parser's exception says.
    try:
        return method.parse(encoded)
    except DecodeError as error:
        raise _not_a_request() from error


def _not_a_request() -> BadField:
    return BadField("request", "cannot be read as the message that this method takes; encode it by its .proto file")


def _check_role(principal: Principal, method: Method) -> None:
    if principal.role not in method.roles:
        raise RoleNotAllowed(principal.role, f"call {method.path}")


def _check_identity(principal: Principal, method: Method, request: Message) -> None:
    if method.names_agent:
        identity.check_agent(principal, request.agent)  # type: ignore[attr-defined]
    if method.names_channel:
        identity.check_named_channel(principal, request.channel)  # type: ignore[attr-defined]


def is_local_peer(peer: str) -> bool:
    """Whether a call comes from this machine."""
    return peer.startswith(("ipv4:127.", "ipv6:[::1]", "ipv6:%5B::1%5D", "unix:"))


async def _aborted(context: Context, refusal: Refusal) -> NoReturn:
    await abort(context, refusal)
    raise AssertionError("abort returned")


def _serialized(answer: bytes | Message) -> bytes:
    return answer if isinstance(answer, bytes) else answer.SerializeToString()
