"""Trial `fuzz`: fuzzed messages over every method, as every role, and raw frames on the port (guarantees S10).

No answer may be INTERNAL or UNKNOWN, none may be missing, no text of the engine's insides may reach a caller, memory
and descriptors must not grow beyond what the records themselves cost, and afterwards the engine works as before.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import grpc

from hookflash.sdk.client import messages as m
from tests.e2e.server_process import ServerProcess, running
from tests.torture.aftermath import examined, said_wrong
from tests.torture.crowd import CHANNEL, Crowd
from tests.torture.frame import Plan, Size, Trial, Verdict
from tests.torture.fuzz_frames import throw_frames
from tests.torture.fuzz_messages import DRAIN, METHODS
from tests.torture.fuzz_values import PER_CONVERSATION, holder_of
from tests.torture.vitals import VitalsLog, vitals_of
from tests.torture.workers import Worker

__all__ = ["TRIAL"]

_WIDE: Final = "1000000"
# As wide as they go: what is refused for its rate has not been tried.
_SETTINGS: Final = {
    "customer_commands_per_s_max": _WIDE,
    "agent_commands_per_s_max": _WIDE,
    "command_burst_max": _WIDE,
    "streams_per_principal_max": _WIDE,
    "unary_calls_max": "100000",
    "offer_timeout_s": "2",
    "ttl_s": "5",
    "disconnect_grace_s": "5",
    "log_level": "warning",
}
_SUBJECTS: Final = ("admins/first", "supervisors/sue", "services/web", "channels/web", "viewers/wall", "agents/ann")
_IN_FLIGHT: Final = 48
_MEND_S: Final = 1.0
_OPEN_MAX: Final = 40
_AHEAD: Final = 4
_SHY: Final = ("dora", "eve")
"""Their offers are left to the fuzz."""
_BYTES_PER_RECORD_MAX: Final = 2_048
_SLACK_MIB: Final = 24.0
_QUIET_S: Final = 2.0
# Drain comes last. A token's name is nobody's to guess: those that the fuzz made are revoked by the crowd.
_UNREACHED: Final = frozenset({DRAIN, "AdminService/RevokeToken"})


@dataclass
class _Run:
    """What is known of one run so far."""

    figures: dict[str, float | str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def expect(self, *, that: bool, otherwise: str) -> None:
        if not that:
            self.failures.append(otherwise)


def run(plan: Plan) -> Verdict:
    """Fuzz one server."""
    found = _Run()
    data = plan.folder / "data"
    with running(data, settings=_SETTINGS) as server:
        asyncio.run(_fuzz(plan, server, found))
        if server.process.poll() is None:
            _drain(server, found)
        found.failures += said_wrong(server)
    found.failures += examined(data)
    return Verdict(figures=found.figures, failures=found.failures)


async def _fuzz(plan: Plan, server: ServerProcess, found: _Run) -> None:
    async with Crowd(server.address, server.admin_token, shy=_SHY) as crowd:
        tokens = await _tokens(crowd, server.admin_token)
        before = vitals_of(server.pid)
        await _shoot(plan, server, crowd, tokens, found)
        frames = plan.count("frames")
        plan.progress(f"{frames} raw frames")
        found.figures["connections with raw frames"] = await throw_frames(server.address, plan.seed, frames)
        found.figures["raw frames"] = frames
        await _works(crowd, found)
        await asyncio.sleep(_QUIET_S)
        more = vitals_of(server.pid).sockets - before.sockets
        found.figures["more sockets afterwards"] = more
        found.expect(that=more <= 0, otherwise=f"{more} sockets more than before are open")


async def _tokens(crowd: Crowd, admin: str) -> dict[str, str]:
    return {
        "admin": admin,
        "supervisor": await crowd.token("SUPERVISOR", "supervisors/sue"),
        "service": await crowd.token("SERVICE", "services/web"),
        "adapter": await crowd.token("ADAPTER", "channels/web", channel=CHANNEL),
        "viewer": await crowd.token("VIEWER", "viewers/wall"),
        "agent": await crowd.token("AGENT", "agents/ann"),
        "nobody": "",
        "stranger": "hf_none_" + "0" * 43,
    }


async def _shoot(plan: Plan, server: ServerProcess, crowd: Crowd, tokens: Mapping[str, str], found: _Run) -> None:
    """Let client processes shoot, and keep the site such that there is something to hit."""
    clients, messages = plan.count("clients"), plan.count("messages")
    position = 0
    jobs = [
        {
            "address": server.address,
            "tokens": dict(tokens),
            "seed": plan.seed,
            "first": first,
            "end": messages,
            "step": clients,
            "in_flight": _IN_FLIGHT,
        }
        for first in range(clients)
    ]
    workers = [Worker("fuzz_shooter", job, plan.folder) for job in jobs]
    try:
        with VitalsLog(server.pid, work=lambda: position) as log:
            while any(worker.is_running for worker in workers):
                await asyncio.sleep(_MEND_S)
                done = sum(worker.done for worker in workers)
                position = await _mend(crowd, int(done))
                plan.progress(f"{done:,.0f} of {messages:,} messages")
        findings = [await asyncio.to_thread(worker.findings) for worker in workers]
    finally:
        for worker in workers:
            worker.stop()
    _judge(findings, messages, found)
    _judge_growth(log, found)


async def _mend(crowd: Crowd, done: int) -> int:
    """Put right what the fuzz took apart, and open what it talks of next; return the journal's position."""
    await crowd.mend()
    now = done // PER_CONVERSATION
    for number in range(now, now + _AHEAD):
        await crowd.offered(f"f{number}", holder_of(number))
    await crowd.close_oldest(_OPEN_MAX)
    await crowd.revoke_others(_SUBJECTS)
    return int((await crowd.client.get_server(m.GetServerRequest())).position)


def _judge(findings: Sequence[Mapping[str, Any]], messages: int, found: _Run) -> None:
    calls = sum(each["calls"] for each in findings)
    codes, reasons, answered = (
        sum((Counter[str](each[name]) for each in findings), Counter[str]())
        for name in ("codes", "reasons", "answered")
    )
    offences = sum(each["offences"] for each in findings)
    found.figures |= {
        "messages": calls,
        "codes": ", ".join(f"{code} {count:,}" for code, count in codes.most_common()),
        "reasons heard": len(reasons),
        "methods that also answered OK": len(answered),
        "offences": offences,
        "hangs": reasons["HANG"],
    }
    found.expect(that=calls == messages, otherwise=f"{calls} of {messages} messages were sent")
    found.failures += [line for each in findings for line in each["kept"]]
    # A short run cannot reach everything; a long one that does not is shooting past the engine.
    missed = {method.path for method in METHODS if not method.is_stream} - set(answered) - _UNREACHED
    found.expect(that=messages < 50_000 or not missed, otherwise=f"never answered OK: {', '.join(sorted(missed))}")


def _judge_growth(log: VitalsLog, found: _Run) -> None:
    half = log.second_half
    records = half[-1].work - half[0].work if half else 0
    grown = (half[-1].memory_bytes - half[0].memory_bytes) if half else 0
    allowed = records * _BYTES_PER_RECORD_MAX + _SLACK_MIB * 1024 * 1024
    found.figures |= {
        "memory at most, MiB": log.peak_mib,
        "memory growth in the second half, MiB an hour": log.memory_slope_mib_per_h(),
        "memory growth in the second half, bytes a record": log.memory_slope_bytes_per_work(),
        "records": log.readings[-1].work if log.readings else 0,
        "descriptor growth in the second half, an hour": log.descriptor_slope_per_h(),
    }
    found.expect(
        that=grown <= allowed, otherwise=f"memory grew by {grown:,} bytes in the second half, over {records:,} records"
    )


async def _works(crowd: Crowd, found: _Run) -> None:
    """A whole transfer, as if nothing had been."""
    await crowd.mend()
    try:
        holder = await crowd.opened("afterwards")
        other = await crowd.transferred("afterwards", holder)
        await crowd.closed("afterwards")
    except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
        found.failures.append(f"afterwards a transfer failed with {type(error).__name__}: {error}")
        return
    found.expect(that=bool(holder and other), otherwise="afterwards nobody took the transfer")


def _drain(server: ServerProcess, found: _Run) -> None:
    """The last shot: Drain with fields that nobody knows, as an ADMIN; the server must end well."""
    with grpc.insecure_channel(server.address) as channel:
        drain: Any = channel.unary_unary(f"/hookflash.v1.{DRAIN}")
        metadata = (("authorization", f"Bearer {server.admin_token}"),)
        drain(b"\xc2\x0c\x02hi\x98\x0e\x01", metadata=metadata, timeout=10.0)
    code = server.until_ended()
    found.expect(that=code == 0, otherwise=f"the drained server ended with {code}")


TRIAL: Final = Trial(
    name="fuzz",
    summary="fuzzed messages over every method and raw frames on the port",
    sizes=(
        Size(name="messages", full=1_000_000, help="fuzzed messages"),
        Size(name="frames", full=100_000, help="raw frames"),
        Size(name="clients", full=2, help="client processes"),
    ),
    run=run,
)
