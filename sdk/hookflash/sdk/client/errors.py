"""What a call may raise: one exception class for each reason that the engine refuses with.

The classes are made from the enum `ErrorReason`, so none can be missing: INVITE_PENDING is `errors.InvitePending`.
Branch on the class or on `reason`, never on the sentence. What has no reason of the engine, because no engine answered,
is `Unreachable` or `TimedOut`.
"""

from collections.abc import Mapping
from datetime import timedelta

import grpc
from google.rpc import error_details_pb2  # type: ignore[import-untyped]
from grpc_status import rpc_status  # type: ignore[import-untyped]

from hookflash.v1.errors_pb2 import ErrorReason

__all__ = ["BY_REASON", "DOMAIN", "HookflashError", "TimedOut", "Unreachable", "error_class", "from_rpc_error"]

DOMAIN = "hookflash.v1"
"""The domain of `ErrorInfo` in which the reasons are words of the engine."""


class HookflashError(Exception):
    """A call that was not done. Nothing happened, unless it is `Unreachable` or `TimedOut`: then it is unknown.

    Attributes:
        reason: the stable word, such as `INVITE_PENDING`; the status's own name where the engine gave none.
        sentence: what is wrong and what would help, for people.
        metadata: further facts by key; the values are text.
        retry_delay: when trying again can help; None: trying again does not help.
        code: the name of the gRPC status, such as `FAILED_PRECONDITION`.
        bad_fields: for a malformed request, a sentence for each field, by its path.
    """

    def __init__(
        self,
        reason: str,
        sentence: str,
        metadata: Mapping[str, str] | None = None,
        retry_delay: timedelta | None = None,
        *,
        code: str = "UNKNOWN",
        bad_fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{sentence} ({reason})")
        self.reason = reason
        self.sentence = sentence
        self.metadata = dict(metadata or {})
        self.retry_delay = retry_delay
        self.code = code
        self.bad_fields = dict(bad_fields or {})


class Unreachable(HookflashError):  # noqa: N818 - a caller reads "except Unreachable", which says all
    """No server answered at the address. A command may have been executed if the connection broke under way."""


class TimedOut(HookflashError):  # noqa: N818 - as above
    """The server did not answer within the deadline. The same request_id asks again without a second effect."""


def _class_name(reason: str) -> str:
    return "".join(word.capitalize() for word in reason.split("_"))


def _made(reason: str) -> type[HookflashError]:
    name = _class_name(reason)
    return type(name, (HookflashError,), {"__doc__": f"The engine refused with {reason}.", "__module__": __name__})


BY_REASON: Mapping[str, type[HookflashError]] = {
    reason: _made(reason)
    for reason in (key.removeprefix("ERROR_REASON_") for key in ErrorReason.keys())  # noqa: SIM118 - no mapping
    if reason != "UNSPECIFIED"
}
"""The exception class of each reason word."""

_BY_NAME = {each.__name__: each for each in BY_REASON.values()}


def __getattr__(name: str) -> type[HookflashError]:
    """Let `from hookflash.sdk.client.errors import InvitePending` find the class of INVITE_PENDING."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def error_class(reason: str) -> type[HookflashError]:
    """Return the class raised for a reason word; HookflashError itself for a word that this release does not know."""
    return BY_REASON.get(reason, HookflashError)


def from_rpc_error(error: grpc.RpcError, address: str, *, is_connected: bool = True) -> HookflashError:
    """Return what a gRPC error says, in our own classes; `is_connected` tells a slow server from an absent one."""
    code = error.code()
    sentence = (error.details() or "").strip()
    try:
        status = rpc_status.from_call(error)
    except ValueError:
        # A proxy between may put its own words beside the engine's status.
        status = None
    info, bad_fields, retry_delay = _details(status)
    if info is not None and info.domain == DOMAIN:
        return error_class(info.reason)(
            info.reason, sentence, info.metadata, retry_delay, code=code.name, bad_fields=bad_fields
        )
    if code is grpc.StatusCode.UNAVAILABLE or (code is grpc.StatusCode.DEADLINE_EXCEEDED and not is_connected):
        why = {"grpc": sentence} if sentence else {}
        what = f"No server answers at {address}."
        if "handshake failed" in sentence:
            what = f"{address} is there, but TLS with it failed: one of the two does not trust the other's certificate."
        return Unreachable("UNREACHABLE", what, why, code=code.name)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return TimedOut("DEADLINE_EXCEEDED", f"The server at {address} did not answer in time.", code=code.name)
    return HookflashError(code.name, sentence or f"The call failed with {code.name}.", code=code.name)


def _details(
    status: object,
) -> tuple[error_details_pb2.ErrorInfo | None, dict[str, str], timedelta | None]:
    info: error_details_pb2.ErrorInfo | None = None
    bad_fields: dict[str, str] = {}
    retry_delay: timedelta | None = None
    for detail in getattr(status, "details", ()):
        bad_request, retry, found = (
            error_details_pb2.BadRequest(), error_details_pb2.RetryInfo(), error_details_pb2.ErrorInfo()
        )  # fmt: skip
        if detail.Unpack(found):
            info = found
        elif detail.Unpack(bad_request):
            bad_fields = {each.field: each.description for each in bad_request.field_violations}
        elif detail.Unpack(retry):
            retry_delay = retry.retry_delay.ToTimedelta()
    return info, bad_fields, retry_delay
