"""The table of methods, built from the descriptors: who may call each, and what its request has.

Deny by default: a method that declares no role keeps the server from starting.
"""

from collections.abc import Callable, Iterator
from typing import Final

from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from hookflash.engine.domain.struct import Struct
from hookflash.engine.server.convert_token import ROLES
from hookflash.sdk.types import Role
from hookflash.v1 import (
    admin_service_pb2,
    agent_service_pb2,
    channel_service_pb2,
    conversation_service_pb2,
    event_service_pb2,
    options_pb2,
    queue_service_pb2,
)

__all__ = ["SERVICES", "Method", "RolesMissingError", "methods"]

SERVICES: Final[tuple[FileDescriptor, ...]] = (
    conversation_service_pb2.DESCRIPTOR,
    agent_service_pb2.DESCRIPTOR,
    queue_service_pb2.DESCRIPTOR,
    channel_service_pb2.DESCRIPTOR,
    event_service_pb2.DESCRIPTOR,
    admin_service_pb2.DESCRIPTOR,
)
"""The files of all services."""


class RolesMissingError(Exception):
    """A method does not say who may call it, so nothing is served."""

    def __init__(self, method: str) -> None:
        """Name the method."""
        super().__init__(f"{method} declares no roles; give it the option (hookflash.v1.allow) and generate again.")


class Method(Struct, frozen=True, kw_only=True):
    """One method, and what its request has.

    `path` is the method as it is called on the wire, within its service: `ConversationService/Transfer`. `is_command`:
    it changes something and takes a request_id.
    """

    service: str
    name: str
    path: str
    roles: frozenset[Role]
    is_stream: bool
    is_command: bool
    names_agent: bool
    names_channel: bool
    has_etag: bool
    has_dry_run: bool
    parse: Callable[[bytes], Message]


def methods(files: tuple[FileDescriptor, ...] = SERVICES) -> Iterator[Method]:
    """All methods. Raises RolesMissingError."""
    for file in files:
        for service in file.services_by_name.values():
            for descriptor in service.methods:
                yield _method(service.full_name, descriptor)


def _method(service: str, descriptor: MethodDescriptor) -> Method:
    roles = descriptor.GetOptions().Extensions[options_pb2.allow].roles
    fields = descriptor.input_type.fields_by_name
    method = Method(
        service=service,
        name=descriptor.name,
        path=f"{service.rpartition('.')[2]}/{descriptor.name}",
        roles=frozenset(ROLES[role] for role in roles if role in ROLES),
        is_stream=descriptor.server_streaming,
        is_command="request_id" in fields,
        names_agent="agent" in fields,
        names_channel="channel" in fields,
        has_etag="etag" in fields,
        has_dry_run="validate_only" in fields,
        parse=GetMessageClass(descriptor.input_type).FromString,
    )
    if not method.roles:
        raise RolesMissingError(method.path)
    return method
