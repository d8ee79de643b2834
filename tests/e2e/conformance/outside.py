"""An outside client of the engine: it knows the address and a token, and learns everything else by server reflection.

Nothing of `hookflash` is imported here, so what these tests can do any client in any language can do. Requests are
written as plain values, in the spelling of protobuf's JSON ("2.5s", "READINESS_READY"); answers are dynamic messages.
"""

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import proto_reflection_descriptor_database as reflected  # type: ignore[import-untyped]

__all__ = ["PACKAGE", "Caller", "Ended", "Refused", "Stream", "World", "word"]

PACKAGE: Final = "hookflash.v1"
_TIMEOUT_S: Final = 10.0
_STATUS: Final = "grpc-status-details-bin"


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error of the client
    """A status other than OK, with its one ErrorInfo taken apart."""

    def __init__(self, code: str, reason: str, domain: str, fields: list[str], sentence: str) -> None:
        super().__init__(f"{code}/{reason}: {sentence}")
        self.code = code
        self.reason = reason
        self.domain = domain
        self.fields = fields


class Ended(Exception):  # noqa: N818 - a stream that ends in order is no error
    """A stream ended with OK."""


@dataclass
class World:
    """What reflection tells: the descriptors of one server. Close it when its callers are done.

    They and their classes are all made at once and kept: made anew in one thread while another lets them go, they have
    crashed protobuf's own code.
    """

    address: str
    channel: grpc.Channel = field(init=False)
    pool: DescriptorPool = field(init=False)
    services: tuple[str, ...] = field(init=False)
    callers: list["Caller"] = field(init=False, default_factory=list)
    _classes: dict[Descriptor, type[Message]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.channel = grpc.insecure_channel(self.address)
        database = reflected.ProtoReflectionDescriptorDatabase(self.channel)
        self.services = tuple(database.get_services())
        self.pool = DescriptorPool(database)
        for service in self.services:
            for method in self.pool.FindServiceByName(service).methods:
                self._keep(method.input_type)
                self._keep(method.output_type)

    def method(self, path: str) -> Any:  # noqa: ANN401 - descriptors differ by protobuf's implementation
        """The descriptor of `Service.Method`."""
        service, method = path.split(".")
        return self.pool.FindServiceByName(f"{PACKAGE}.{service}").methods_by_name[method]

    def message_class(self, kind: Descriptor) -> type[Message]:
        """The class of a method's request or answer."""
        return self._classes[kind]

    def _keep(self, kind: Descriptor) -> None:
        if kind in self._classes:
            return
        self._classes[kind] = GetMessageClass(kind)
        for each in kind.fields:
            if each.message_type is not None:
                self._keep(each.message_type)

    def caller(self, token: str | None) -> "Caller":
        """Somebody who calls with this token, on a connection of his own."""
        made = Caller(world=self, channel=grpc.insecure_channel(self.address), token=token)
        self.callers.append(made)
        return made

    def close(self) -> None:
        """Hang up everything: what reads on while the interpreter ends may crash it."""
        for caller in self.callers:
            caller.close()
        self.channel.close()


class Stream:
    """A server stream, read by a thread of its own; every answer is kept in `seen`."""

    def __init__(self, call: Any) -> None:  # noqa: ANN401 - grpc's call has no public type
        self._call = call
        self._arrived: queue.Queue[Any] = queue.Queue()
        self.seen: list[Any] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            for answer in self._call:
                self._arrived.put(answer)
            self._arrived.put(Ended())
        except grpc.RpcError as refused:
            self._arrived.put(_refusal(refused))

    def next(self, timeout_s: float = _TIMEOUT_S) -> Any:  # noqa: ANN401 - a dynamic message
        """The next answer; raises Refused or Ended where the stream did, AssertionError where nothing came."""
        try:
            answer = self._arrived.get(timeout=timeout_s)
        except queue.Empty:
            raise AssertionError(f"nothing came in {timeout_s} s; before: {self.seen[-3:]}") from None
        if isinstance(answer, Exception):
            self._arrived.put(answer)
            raise answer
        self.seen.append(answer)
        return answer

    def until(self, fits: Callable[[Any], bool], timeout_s: float = _TIMEOUT_S) -> Any:  # noqa: ANN401
        """The first answer that fits, from now on."""
        deadline = monotonic() + timeout_s
        while not fits(answer := self.next(max(deadline - monotonic(), 0.01))):
            pass
        return answer

    def end(self, timeout_s: float = _TIMEOUT_S) -> Refused | None:
        """Read until the stream ends; its refusal, or None where it ended with OK."""
        try:
            self.until(lambda _: False, timeout_s)
        except Refused as refused:
            return refused
        except Ended:
            pass
        return None

    def cancel(self) -> None:
        """Hang up."""
        self._call.cancel()
        self._reader.join(_TIMEOUT_S)


@dataclass
class Caller:
    """A principal: a token on a connection."""

    world: World
    channel: grpc.Channel
    token: str | None
    streams: list[Stream] = field(default_factory=list)

    def __call__(self, path: str, **fields: object) -> Any:  # noqa: ANN401 - a dynamic message
        """Call a unary method; raises Refused."""
        method, request = self._request(path, fields)
        stub: Any = self.channel.unary_unary(
            f"/{PACKAGE}.{path.replace('.', '/')}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.world.message_class(method.output_type).FromString,
        )
        try:
            return stub(request, timeout=_TIMEOUT_S, metadata=self._metadata())
        except grpc.RpcError as refused:
            raise _refusal(refused) from None

    def stream(self, path: str, **fields: object) -> Stream:
        """Open a server stream."""
        method, request = self._request(path, fields)
        stub: Any = self.channel.unary_stream(
            f"/{PACKAGE}.{path.replace('.', '/')}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.world.message_class(method.output_type).FromString,
        )
        stream = Stream(stub(request, metadata=self._metadata()))
        self.streams.append(stream)
        return stream

    def close(self) -> None:
        """Hang up everything."""
        for stream in self.streams:
            stream.cancel()
        self.channel.close()

    def _request(self, path: str, fields: Mapping[str, object]) -> tuple[Any, Any]:
        method = self.world.method(path)
        request = self.world.message_class(method.input_type)()
        json_format.ParseDict(dict(fields), request, descriptor_pool=self.world.pool)
        return method, request

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return () if self.token is None else (("authorization", f"Bearer {self.token}"),)


def word(message: Any, name: str) -> str:  # noqa: ANN401 - a dynamic message
    """The bare word of an enum field: `PARKED` for INVITE_STATE_PARKED."""
    found: FieldDescriptor = message.DESCRIPTOR.fields_by_name[name]
    kind = found.enum_type
    assert kind is not None, name
    values = [value.name for value in kind.values]
    prefix = values[0].removesuffix("UNSPECIFIED")
    return str(kind.values_by_number[getattr(message, name)].name).removeprefix(prefix)


def _refusal(error: Any) -> Refused:  # noqa: ANN401 - grpc.RpcError declares none of what it has
    reason, domain, fields = "", "", []
    for key, value in error.trailing_metadata() or ():
        if key != _STATUS:
            continue
        for detail in status_pb2.Status.FromString(value).details:
            if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                told = error_details_pb2.ErrorInfo()
                detail.Unpack(told)
                reason, domain = told.reason, told.domain
            elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
                bad = error_details_pb2.BadRequest()
                detail.Unpack(bad)
                fields += [violation.field for violation in bad.field_violations]
    return Refused(error.code().name, reason, domain, fields, error.details())
