"""Refusals as gRPC statuses: nothing but a refusal's own sentence ever reaches a caller."""

from typing import Final

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from hookflash.engine.domain.refusals import Code, Refusal
from hookflash.engine.server.convert_values import duration

__all__ = ["DOMAIN", "STATUS_CODES", "abort", "status_of"]

DOMAIN: Final = "hookflash.v1"
"""The domain of every ErrorInfo."""

STATUS_CODES: Final = {code: grpc.StatusCode[code.name] for code in Code}
"""gRPC's own codes."""

_DETAILS: Final = "grpc-status-details-bin"


def status_of(refusal: Refusal) -> Status:
    """The status with its details: always an ErrorInfo, the bad field if there is one, the delay if one helps."""
    details: list[Message] = [ErrorInfo(reason=refusal.reason, domain=DOMAIN, metadata=refusal.metadata)]
    if refusal.field is not None:
        violation = BadRequest.FieldViolation(
            field=refusal.field, description=refusal.sentence, reason=str(refusal.reason)
        )
        details.append(BadRequest(field_violations=[violation]))
    if refusal.retry_after_s is not None:
        details.append(RetryInfo(retry_delay=duration(refusal.retry_after_s)))
    number: int = STATUS_CODES[refusal.code].value[0]
    return Status(code=number, message=refusal.sentence, details=[_packed(detail) for detail in details])


async def abort(context: "grpc.aio.ServicerContext[object, object]", refusal: Refusal) -> None:
    """End the call with that refusal; does not return."""
    details = status_of(refusal).SerializeToString()
    await context.abort(STATUS_CODES[refusal.code], refusal.sentence, ((_DETAILS, details),))


def _packed(message: Message) -> Any:
    packed = Any()
    packed.Pack(message)
    return packed
