"""Trial `overload`: three times what the server can do, from several processes that do not care (guarantees S9).

Four fifths of the peak is still done; whatever the engine sees and does not do is RESOURCE_EXHAUSTED, with a delay, and
leaves no record; memory stays flat, and afterwards everything is as fast as before. What comes faster than the server's
loop can even refuse is dropped unseen by gRPC's own code, as CANCELLED without a word; that is counted by itself.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import grpc
import grpc.aio

from hookflash.sdk.client import Client
from hookflash.sdk.client import messages as m
from hookflash.sdk.client.connection import bearer
from tests.e2e.server_process import ServerProcess
from tests.server.serving import Refused
from tests.torture.aftermath import examined, said_wrong, started
from tests.torture.crowd import site_request
from tests.torture.frame import Plan, Size, Trial, Verdict
from tests.torture.network_calls import Lab
from tests.torture.vitals import MIB, VitalsLog, vitals_of
from tests.torture.workers import Worker

__all__ = ["TRIAL"]

_SETTINGS: Final = {"log_level": "warning", "disconnect_grace_s": "86400"}
_CONVERSATIONS: Final = 64
_IN_FLIGHT: Final = 128
_WARM_UP_S: Final = 2.0
_GOODPUT_MIN: Final = 0.8
_MEMORY_MORE_MIB: Final = 64.0
_RECORD_BYTES: Final = 2_048
_REFUSED: Final = "status 8:"
# gRPC's own fence, `grpc.server.max_pending_requests`: a refusal costs a fifth of a command, so that refusing twice the
# peak would cost half of it; without the fence memory grows for as long as the overload lasts. Its status is fixed.
_SHED: Final = "status 1: CANCELLED"
_PATIENCE_S: Final = 60.0
_PROBES: Final = 40
_PROBE_S: Final = 10.0


def run(plan: Plan) -> Verdict:
    """Measure the peak, overload, and look."""
    return asyncio.run(_run(plan))


async def _run(plan: Plan) -> Verdict:
    data = plan.folder / "data"
    figures: dict[str, float | str] = {}
    failures: list[str] = []
    async with started(data, _SETTINGS) as server:
        async with Client(server.address, token=server.admin_token, timeout_s=_PATIENCE_S) as client:
            lab = Lab(client, server.admin_token)
            await client.apply(site_request())
            await lab.attached("ann")
            talks = [(await lab.attended("ann"), "agents/ann") for _ in range(_CONVERSATIONS)]
            await lab.close()
            too_slow = await _overload(plan, server, lab, talks, figures, failures)
        await asyncio.to_thread(server.terminate)
        failures += said_wrong(server)
    failures += await asyncio.to_thread(examined, data)
    return Verdict(figures=figures, failures=failures, too_slow=too_slow)


async def _overload(
    plan: Plan,
    server: ServerProcess,
    lab: Lab,
    talks: Sequence[tuple[str, str]],
    figures: dict[str, float | str],
    failures: list[str],
) -> list[str]:
    """Fill in figures and failures, and return what was too slow."""
    clients = plan.count("clients")
    plan.progress("the peak")
    peak = _sum(await _load(plan, server, talks, "peak", in_flight=_IN_FLIGHT // clients))
    figures["peak, commands/s"] = peak
    position, before = await lab.position(), vitals_of(server.pid)
    plan.progress("the overload")
    with VitalsLog(server.pid) as log:
        probing = asyncio.ensure_future(_probe(server, talks[0], failures))
        found = await _load(plan, server, talks, "over", per_s=plan.amount("times") * peak / clients)
        probes = await probing
    goodput = _sum(found)
    records = await lab.position() - position
    answered = sum(each["answered_ok"] for each in found) + probes["answered"]
    outcomes: Counter[str] = sum((Counter(each["counts"]) for each in found), Counter())
    offered = sum(outcomes.values()) / plan.amount("seconds")
    figures |= {
        "answered while overloaded, a second": offered,
        "goodput, commands/s": goodput,
        "goodput, share of the peak": goodput / peak,
        "p99 of what was done, ms": max(each["p99_ms"] for each in found),
        "shed by gRPC unseen, share": outcomes[_SHED] / max(1, sum(outcomes.values())),
        "outcomes": ", ".join(f"{what[:40]} {count:,}" for what, count in outcomes.most_common(6)),
        "never answered": sum(each["unanswered"] for each in found),
        "probes": ", ".join(f"{what} {count}" for what, count in probes.items()),
        "memory grew by at most, MiB": log.peak_mib - before.memory_bytes / MIB,
        "records": records,
    }
    failures += _judged(figures, outcomes, records, answered)
    after = _sum(await _load(plan, server, talks, "after", in_flight=_IN_FLIGHT // clients))
    figures["peak afterwards, commands/s"] = after
    too_slow = []
    if goodput < _GOODPUT_MIN * peak:
        too_slow.append(f"S9: goodput is {goodput / peak:.0%} of the peak")
    if after < _GOODPUT_MIN * peak:
        too_slow.append(f"S9: afterwards {after:.0f} commands/s are done where it was {peak:.0f}")
    return too_slow


def _judged(figures: Mapping[str, float | str], outcomes: Mapping[str, int], records: int, answered: int) -> list[str]:
    wrong = []
    others = {
        what: count for what, count in outcomes.items() if what not in ("OK", _SHED) and not what.startswith(_REFUSED)
    }
    if others:
        wrong.append(f"S9: other than RESOURCE_EXHAUSTED: {dict(list(others.items())[:5])}")
    if figures["never answered"]:
        wrong.append(f"S9: {figures['never answered']} calls were never answered")
    allowed = _MEMORY_MORE_MIB + records * _RECORD_BYTES / MIB
    if float(figures["memory grew by at most, MiB"]) > allowed:
        wrong.append(f"S9: memory grew by {float(figures['memory grew by at most, MiB']):.0f} MiB")
    if records != answered:
        wrong.append(f"I16: {records} records for {answered} commands that were answered OK")
    return wrong


def _sum(found: Sequence[Mapping[str, Any]]) -> float:
    return sum(float(each["per_s"]) for each in found)


async def _load(
    plan: Plan,
    server: ServerProcess,
    talks: Sequence[tuple[str, str]],
    name: str,
    *,
    in_flight: int = 0,
    per_s: float = 0.0,
) -> list[dict[str, Any]]:
    clients = plan.count("clients")
    workers = [
        Worker(
            "overload_load",
            {
                "address": server.address,
                "token": server.admin_token,
                "name": f"{name}-{number}",
                "conversations": list(talks),
                "in_flight": in_flight,
                "per_s": per_s,
                "warm_up_s": _WARM_UP_S,
                "measured_s": plan.amount("seconds"),
            },
            plan.folder,
        )
        for number in range(clients)
    ]
    try:
        return [await asyncio.to_thread(worker.findings) for worker in workers]
    finally:
        for worker in workers:
            worker.stop()


async def _probe(server: ServerProcess, talk: tuple[str, str], failures: list[str]) -> Counter[str]:
    """Call now and then with gRPC's own client, and see whether what it is refused with has a delay."""
    heard: Counter[str] = Counter()
    async with grpc.aio.insecure_channel(server.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        method = channel.unary_unary(
            "/hookflash.v1.ConversationService/SendMessage",
            request_serializer=m.SendMessageRequest.SerializeToString,
            response_deserializer=m.Message.FromString,
        )
        for number in range(_PROBES):
            request = m.SendMessageRequest(request_id=f"probe-{number}", name=talk[0], agent=talk[1], text="probe")
            try:
                await method(request, metadata=bearer(server.admin_token), timeout=_PROBE_S)
                heard["answered"] += 1
            except grpc.aio.AioRpcError as error:
                told = Refused(error)
                if told.code == "CANCELLED" and not told.reason:
                    heard["shed"] += 1
                elif told.code != "RESOURCE_EXHAUSTED" or told.retry is None:
                    failures.append(f"S9: a probe heard {told.code} {told.reason}, delay {told.retry}")
                else:
                    heard["refused with a delay"] += 1
    return heard


TRIAL: Final = Trial(
    name="overload",
    summary="three times the peak rate from clients that do not slow down",
    sizes=(
        Size(name="seconds", full=20, help="seconds that each rate is measured"),
        Size(name="times", full=3.0, help="how many times the peak is offered"),
        Size(name="clients", full=3, help="client processes"),
    ),
    run=run,
)
