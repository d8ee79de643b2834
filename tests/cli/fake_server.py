"""A server of scripted answers, for what only a server that misbehaves on purpose can show about its clients.

Retries, lost streams and error details are looked at here; what the engine does is tested against the real server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor_pool import Default
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from hookflash.sdk.client import messages  # noqa: F401 - fills the descriptor pool
from hookflash.v1 import admin_service_pb2, queue_service_pb2  # noqa: F401

Answer = Callable[[Any, grpc.ServicerContext], Any]

_CODES = {code.name: code for code in grpc.StatusCode}


class RefusedError(Exception):
    """Raised by an answer: becomes a gRPC status, with the engine's details unless `reason` is None."""

    def __init__(
        self,
        code: str,
        reason: str | None = None,
        sentence: str = "No.",
        metadata: Mapping[str, str] | None = None,
        retry_delay: timedelta | None = None,
        bad_fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.code = _CODES[code]
        self.status = status_pb2.Status(code=self.code.value[0], message=sentence)
        details: list[Message] = []
        if reason is not None:
            info = error_details_pb2.ErrorInfo(reason=reason, domain="hookflash.v1", metadata=dict(metadata or {}))
            details.append(info)
        if bad_fields:
            violations = [
                error_details_pb2.BadRequest.FieldViolation(field=path, description=why)
                for path, why in bad_fields.items()
            ]
            details.append(error_details_pb2.BadRequest(field_violations=violations))
        if retry_delay is not None:
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromTimedelta(retry_delay)
            details.append(retry)
        for detail in details:
            packed = AnyMessage()
            packed.Pack(detail)
            self.status.details.append(packed)


@dataclass(slots=True)
class Call:
    """A call as it arrived."""

    method: str
    request: Any
    metadata: dict[str, str]
    left_s: float | None


@dataclass(slots=True)
class FakeServer(grpc.GenericRpcHandler):
    """Answers by method name, such as `Transfer`; a stream's answer is a generator. `with` starts and stops it."""

    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    address: str = "127.0.0.1:0"
    ended_streams: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    credentials: grpc.ServerCredentials | None = None
    _server: grpc.Server | None = None

    def __enter__(self) -> Self:
        self._server = grpc.server(ThreadPoolExecutor(16))
        self._server.add_generic_rpc_handlers((self,))
        if self.credentials is None:
            port = self._server.add_insecure_port(self.address)
        else:
            port = self._server.add_secure_port(self.address, self.credentials)
        self.address = f"127.0.0.1:{port}"
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.stop(None).wait()

    def requests(self, method: str) -> list[Any]:
        """The requests of a method, in the order of their arrival."""
        return [call.request for call in self.calls if call.method == method]

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        path = handler_call_details.method
        name = path.rpartition("/")[2]
        if path.startswith("/grpc.health"):
            return None
        method = Default().FindMethodByName(path.lstrip("/").replace("/", "."))
        request_class = GetMessageClass(method.input_type)

        def noted(request: Message, context: grpc.ServicerContext) -> None:
            metadata = {key: str(value) for key, value in context.invocation_metadata()}
            self.calls.append(Call(name, request, metadata, context.time_remaining()))

        def unary(request: Message, context: grpc.ServicerContext) -> Message:
            noted(request, context)
            try:
                answer = self.answers[name](request, context)
            except RefusedError as refused:
                _abort(context, refused)
            return Empty() if answer is None else answer

        def stream(request: Message, context: grpc.ServicerContext) -> Iterator[Message]:
            noted(request, context)
            context.add_callback(self.ended_streams.release)
            try:
                yield from self.answers[name](request, context)
            except RefusedError as refused:
                _abort(context, refused)

        serializer = GetMessageClass(method.output_type).SerializeToString
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(stream, request_class.FromString, serializer)
        return grpc.unary_unary_rpc_method_handler(unary, request_class.FromString, serializer)


def _abort(context: grpc.ServicerContext, refused: RefusedError) -> None:
    if refused.status.details:
        context.set_trailing_metadata((("grpc-status-details-bin", refused.status.SerializeToString()),))
    context.abort(refused.code, refused.status.message)


def held_open(context: grpc.ServicerContext) -> None:
    """Keep a stream open until its reader goes."""
    ended = threading.Event()
    if context.add_callback(ended.set):
        ended.wait()
