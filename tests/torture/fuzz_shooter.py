"""A client process of the fuzz trial: sends a range of fuzzed calls, many in flight, and judges every answer.

The job comes as JSON on stdin; on stdout come lines with the number of calls done, and last the findings as JSON.
"""

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

import grpc
import grpc.aio
from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from tests.torture.fuzz_messages import Shot, shot

__all__ = ["Findings", "Job", "offence_of"]

Code = grpc.StatusCode
_ALLOWED: Final = frozenset(
    {
        Code.OK,
        Code.INVALID_ARGUMENT,
        Code.NOT_FOUND,
        Code.ALREADY_EXISTS,
        Code.FAILED_PRECONDITION,
        Code.PERMISSION_DENIED,
        Code.UNAUTHENTICATED,
        Code.ABORTED,
        Code.OUT_OF_RANGE,
        Code.RESOURCE_EXHAUSTED,
    }
)
_OURS: Final = re.compile(r"Traceback|Exception|\bFile \"|<class|\.py\b|sqlite|Unexpected ")
_SENTENCE_MAX: Final = 1_000
_HANG_S: Final = 20.0
_LOOK_S: Final = 0.05
"""How long a stream is looked at before it is given up."""
_LONG_POLL_S: Final = 0.3
_LINE_EVERY: Final = 500
_KEPT_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Calls `first`, `first + step`, ... below `end`, each by the token of its caller."""

    address: str
    tokens: dict[str, str]
    seed: int
    first: int
    end: int
    step: int
    in_flight: int


@dataclass(slots=True)
class Findings:
    """What came of it: counts, and the first offences in full."""

    calls: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    """Calls answered OK, by method."""
    offences: int = 0
    kept: list[str] = field(default_factory=list)

    def add(self, shot: Shot, code: Code, reason: str, offence: str) -> None:
        """Count one call."""
        self.calls += 1
        self.codes[code.name] += 1
        self.reasons[reason] += 1
        if code is Code.OK:
            self.answered[shot.method.path] += 1
        if offence:
            self.offences += 1
            if len(self.kept) < _KEPT_MAX:
                body = (
                    shot.body.hex() if len(shot.body) <= 600 else f"{shot.body[:300].hex()}... {len(shot.body)} bytes"
                )
                self.kept.append(
                    f"message {shot.number} ({shot.kind}, {shot.method.path}, {shot.caller}): {offence}; {body}"
                )


def offence_of(shot: Shot, code: Code, sentence: str, details: bytes | None) -> tuple[str, str]:
    """What is wrong with an answer, nothing where it is right, and the reason that it gives."""
    if code is Code.OK:
        return "", "OK"
    if code is Code.DEADLINE_EXCEEDED and shot.method.name == "GetInvite":
        return "", "LONG_POLL"
    if code is Code.CANCELLED and shot.method.is_stream:
        return "", "LOOKED_AT"
    if code is Code.DEADLINE_EXCEEDED:
        return f"no answer within {_HANG_S:g} s", "HANG"
    if code not in _ALLOWED:
        return f"{code.name}: {sentence[:300]}", code.name
    if details is None:
        return ("", "BY_GRPC") if "larger than max" in sentence else (f"{code.name} without details: {sentence}", "")
    reason = _reason(details)
    if not reason:
        return f"{code.name} without a reason: {sentence[:300]}", ""
    if _OURS.search(sentence) or len(sentence) > _SENTENCE_MAX or not sentence.isprintable():
        return f"{code.name} {reason} says {sentence[:300]!r}", reason
    return "", reason


def _reason(details: bytes) -> str:
    for detail in Status.FromString(details).details:
        if detail.Is(ErrorInfo.DESCRIPTOR):
            info = ErrorInfo.FromString(detail.value)
            return str(info.reason) if info.domain == "hookflash.v1" else ""
    return ""


class _Shooter:
    """One connection, and the workers who share it."""

    def __init__(self, job: Job, channel: grpc.aio.Channel) -> None:
        self._job, self._channel = job, channel
        self._methods: dict[str, Any] = {}
        self._numbers = iter(range(job.first, job.end, job.step))
        self.findings = Findings()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._job.in_flight):
                group.create_task(self._work(self._numbers))

    async def _work(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            fired = shot(self._job.seed, number)
            code, sentence, details = await self._fire(fired)
            offence, reason = offence_of(fired, code, sentence, details)
            self.findings.add(fired, code, reason, offence)
            if self.findings.calls % _LINE_EVERY == 0:
                print(self.findings.calls, flush=True)  # noqa: T201  read by the trial

    async def _fire(self, fired: Shot) -> tuple[Code, str, bytes | None]:
        token = self._job.tokens.get(fired.caller)
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        path = f"/hookflash.v1.{fired.method.path}"
        try:
            if fired.method.is_stream:
                return await self._look(path, fired.body, metadata)
            timeout_s = _LONG_POLL_S if fired.method.name == "GetInvite" else _HANG_S
            method = self._methods.setdefault(path, self._channel.unary_unary(path))
            await method(fired.body, metadata=metadata, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            return _told(error)
        return Code.OK, "", None

    async def _look(self, path: str, body: bytes, metadata: Any) -> tuple[Code, str, bytes | None]:  # noqa: ANN401
        """Open a stream, take what comes within a moment, and go away."""
        method = self._methods.setdefault(path, self._channel.unary_stream(path))
        stream = method(body, metadata=metadata, timeout=_HANG_S)
        try:
            async with asyncio.timeout(_LOOK_S):
                while await stream.read() is not grpc.aio.EOF:
                    pass
        except TimeoutError:
            return Code.CANCELLED, "", None
        except grpc.aio.AioRpcError as error:
            return _told(error)
        finally:
            stream.cancel()
        return Code.OK, "", None


def _told(error: grpc.aio.AioRpcError) -> tuple[Code, str, bytes | None]:
    found: Mapping[str, Any] = dict(error.trailing_metadata() or ())
    return error.code(), error.details() or "", found.get("grpc-status-details-bin")


async def _main() -> None:
    job = Job(**json.load(sys.stdin))
    async with grpc.aio.insecure_channel(job.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        shooter = _Shooter(job, channel)
        await shooter.run()
    print(json.dumps({each.name: getattr(shooter.findings, each.name) for each in fields(Findings)}), flush=True)  # noqa: T201  read by the trial


if __name__ == "__main__":
    asyncio.run(_main())
