"""A client process of the overload trial: durable commands in a closed loop, or at a rate that asks nobody.

The job comes as JSON on stdin, the counts leave as JSON on stdout. It speaks HTTP/2 itself, because gRPC's own client
costs as much as a server does; and so that one process can offer far more than one server takes.
"""

import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from hookflash.cli.bench.wire import CallError, Wire
from hookflash.sdk.client import messages as m

__all__ = ["Job"]

_SEND: Final = "/hookflash.v1.ConversationService/SendMessage"
_TICK_S: Final = 0.005
_LINGER_S: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Messages in these conversations, said by their agents: so many in flight, or so many a second."""

    address: str
    token: str
    name: str
    conversations: list[tuple[str, str]]
    in_flight: int
    per_s: float
    warm_up_s: float
    measured_s: float


class _Load:
    """What is sent and what comes of it."""

    def __init__(self, job: Job, wire: Wire) -> None:
        self._job, self._wire = job, wire
        self._number = 0
        self._open = 0
        self._is_counting = self._is_over = False
        self._took: list[float] = []
        self._counts: Counter[str] = Counter()
        self._total = 0
        self._over_at = 0.0

    async def run(self) -> dict[str, object]:
        """Load for the job's time; the counts are those of its measured part."""
        job = self._job
        for _ in range(job.in_flight):
            self._send()
        begun = perf_counter()
        end, sent = begun + job.warm_up_s + job.measured_s, 0
        while (now := perf_counter()) < end:
            if now - begun >= job.warm_up_s:
                self._is_counting = True
            due = int((now - begun) * job.per_s)
            for _ in range(due - sent):
                self._send()
            sent = max(sent, due)
            await asyncio.sleep(_TICK_S)
        self._is_counting, self._is_over = False, True
        late = perf_counter() + _LINGER_S
        while self._open and perf_counter() < late:  # noqa: ASYNC110  an event at each of thousands of ends costs more
            await asyncio.sleep(_TICK_S)
        self._took.sort()
        return {
            "per_s": self._counts["OK"] / job.measured_s,
            "counts": dict(self._counts),
            "answered_ok": self._total,
            "unanswered": self._open,
            "p50_ms": self._percentile(0.5),
            "p99_ms": self._percentile(0.99),
        }

    def _percentile(self, share: float) -> float:
        return self._took[int(len(self._took) * share)] * 1e3 if self._took else 0.0

    def _send(self) -> None:
        job = self._job
        self._number += 1
        conversation, agent = job.conversations[self._number % len(job.conversations)]
        request = m.SendMessageRequest(
            request_id=f"{job.name}-{self._number}", name=conversation, agent=agent, text=f"message {self._number}"
        )
        self._open += 1
        begun = perf_counter()

        def answered(_body: bytes) -> None:
            self._total += 1
            if self._is_counting:
                self._took.append(perf_counter() - begun)
            self._ended("OK")

        def failed(error: CallError) -> None:
            self._ended(str(error))

        self._wire.call(_SEND, request.SerializeToString(), answered, failed)

    def _ended(self, outcome: str) -> None:
        self._open -= 1
        if self._is_counting:
            self._counts[outcome] += 1
        if self._job.in_flight and not self._is_over:
            self._send()


async def _main() -> None:
    job = Job(**json.load(sys.stdin))
    wire = await Wire.open(job.address, job.token)
    try:
        found = await _Load(job, wire).run()
    finally:
        wire.close()
    print(json.dumps(found), flush=True)  # noqa: T201  read by the trial


if __name__ == "__main__":
    asyncio.run(_main())
