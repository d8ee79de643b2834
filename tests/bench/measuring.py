"""What is measured, in which order: rounds of echo and engine in turn, so that a busy minute falls on both.

Each part starts from a server of its own and hands back figures; progress goes to stderr.
"""

import sys
from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import grpc.aio

from hookflash.v1.conversation_service_pb2 import SendMessageRequest, WhisperRequest
from hookflash.v1.conversation_service_pb2_grpc import ConversationServiceStub
from tests.bench import echo
from tests.bench.figures import Figure, Goal
from tests.bench.processes import Server, run_job, run_opening, start_echo, start_engine

__all__ = ["Plan", "measure_calls", "measure_in_process", "measure_open_conversations", "measure_transfers"]

_SEND = "/hookflash.v1.ConversationService/SendMessage"
_WHISPER = "/hookflash.v1.ConversationService/Whisper"
_TEXT = "Your refund is on its way, it takes three working days in all."
_KIB = 1024.0
_TICK_US = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured, and where the journals lie."""

    directory: Path
    rounds: int
    in_flight: int
    warm_up_s: float
    measured_s: float
    talked_in_count: int
    transferred_count: int
    open_count: int
    restarts: int


async def measure_calls(plan: Plan) -> list[Figure]:
    """SendMessage and Whisper, durable, with nobody listening, and the bare echo between them."""
    runs: dict[str, list[dict[str, float]]] = defaultdict(list)
    async with await start_echo(plan.directory) as echoing, await start_engine(plan.directory / "calls") as engine:
        token = _token(plan.directory / "calls")
        sends = await _opened(engine, token, name="send", agents=16, count=plan.talked_in_count)
        whispers = await _opened(
            engine, token, name="whisper", agents=16, count=plan.talked_in_count, is_conference=True
        )
        say = [SendMessageRequest(name=name, agent=agent, text=_TEXT).SerializeToString() for name, agent in sends]
        tell = [WhisperRequest(name=name, agent=agent, text=_TEXT).SerializeToString() for name, agent in whispers]
        jobs = {
            "echo": _calls(plan, echoing, token, echo.METHOD, say),
            "SendMessage": _calls(plan, engine, token, _SEND, say),
            "Whisper": _calls(plan, engine, token, _WHISPER, tell),
        }
        for number in range(1, plan.rounds + 1):
            for name, job in jobs.items():
                measured = await run_job("calls", job)
                runs[name].append(measured)
                _progress(f"round {number} of {plan.rounds}: {name} {measured['calls_per_s']:,.0f} calls/s")
    return [figure for name in jobs for figure in _call_figures(name, runs)]


async def measure_transfers(plan: Plan) -> list[Figure]:
    """Whole transfer cycles, several conversations at once; each run has a centre of its own on the same server."""
    runs: list[dict[str, float]] = []
    async with await start_engine(plan.directory / "transfers") as engine:
        for number in range(1, plan.rounds + 1):
            job = {
                "address": engine.address,
                "server_pid": engine.pid,
                "token": _token(plan.directory / "transfers"),
                "name": f"centre-{number}",
                "agents_count": 2 * plan.transferred_count,
                "conversations_count": plan.transferred_count,
                "warm_up_s": plan.warm_up_s,
                "measured_s": plan.measured_s,
            }
            runs.append(await run_job("transfers", job))
            _progress(f"round {number} of {plan.rounds}: {runs[-1]['cycles_per_s']:,.0f} transfer cycles/s")
    group = f"transfer cycle, {plan.transferred_count} conversations at once"
    return [
        _figure(group, "cycles", "1/s", runs, "cycles_per_s", Goal(at_least=250)),
        _figure(group, "p50", "ms", runs, "p50_ms"),
        _figure(group, "p99", "ms", runs, "p99_ms"),
        _figure(group, "server CPU per cycle", "us", runs, "server_us_per_cycle"),
        _figure(group, "server CPU", "cores", runs, "server_cores"),
        _figure(group, "client CPU", "cores", runs, "client_cores"),
    ]


async def measure_open_conversations(plan: Plan) -> list[Figure]:
    """Many open conversations: what each holds in memory, and how soon the engine is back after kill -9."""
    data = plan.directory / "open"
    count = plan.open_count
    async with await start_engine(data) as engine:
        empty = engine.rss_bytes()
        began = perf_counter()
        opened = await _opened(engine, _token(data), name="open", agents=64, count=count)
        _progress(f"{len(opened):,} conversations opened in {perf_counter() - began:.1f} s")
        grown = (engine.rss_bytes() - empty) / count / _KIB
        await engine.kill()
    ready: list[float] = []
    answered: list[float] = []
    recovered: list[float] = []
    for number in range(1, plan.restarts + 1):
        async with await start_engine(data) as engine:
            ready.append(engine.ready_s)
            await _send_one(engine, _token(data), opened[0])
            answered.append(perf_counter() - engine.started)
            recovered.append((engine.rss_bytes() - empty) / count / _KIB)
            _progress(f"restart {number} of {plan.restarts}: first command answered after {answered[-1]:.2f} s")
            await engine.kill()
    group = f"{count:,} open conversations"
    few = Goal(at_most=8)
    return [
        Figure(group=group, name="kill -9 to listening again", unit="s", runs=tuple(ready)),
        Figure(
            group=group, name="kill -9 to first durable command", unit="s", runs=tuple(answered), goal=Goal(at_most=3)
        ),
        Figure(group=group, name="memory each, after opening", unit="KiB", runs=(grown,), goal=few),
        Figure(group=group, name="memory each, after recovery", unit="KiB", runs=tuple(recovered), goal=few),
    ]


async def measure_in_process(plan: Plan) -> list[Figure]:
    """Durable cascades without gRPC."""
    runs: list[dict[str, float]] = []
    for number in range(1, plan.rounds + 1):
        directory = plan.directory / f"in-process-{number}"
        job = {"directory": str(directory), "in_flight": plan.in_flight, "measured_s": plan.measured_s}
        runs.append(await run_job("in_process", job))
        _progress(f"round {number} of {plan.rounds}: in process {runs[-1]['messages_per_s']:,.0f} messages/s")
    group = f"in process, no gRPC, {plan.in_flight} in flight"
    return [
        _figure(group, "SendMessage cascades", "1/s", runs, "messages_per_s"),
        _figure(group, "CPU per SendMessage, all threads", "us", runs, "message_cpu_us"),
        _figure(group, "Transfer and AcceptOffer cascades", "1/s", runs, "transfer_cascades_per_s"),
        _figure(group, "CPU per Transfer or AcceptOffer", "us", runs, "transfer_cascade_cpu_us"),
    ]


def _call_figures(name: str, runs: Mapping[str, list[dict[str, float]]]) -> list[Figure]:
    group = "bare grpc.aio echo" if name == "echo" else f"{name}, durable, nobody listening"
    mine = runs[name]
    figures = [_figure(group, "calls", "1/s", mine, "calls_per_s")]
    if name != "echo":
        pairs = list(zip(mine, runs["echo"], strict=True))
        shares = tuple(100 * each["calls_per_s"] / bare["calls_per_s"] for each, bare in pairs)
        figures.append(Figure(group=group, name="share of echo", unit="%", runs=shares, goal=Goal(at_least=60)))
        # Of the two the one that other work on the same cores, or a client that is itself busy, moves least.
        costs = tuple(
            100 * bare["server_us_per_call"] / max(each["server_us_per_call"], _TICK_US) for each, bare in pairs
        )
        figures.append(Figure(group=group, name="echo's CPU in each call's", unit="%", runs=costs))
    return [
        *figures,
        _figure(group, "p50", "ms", mine, "p50_ms"),
        _figure(group, "p99", "ms", mine, "p99_ms"),
        _figure(group, "server CPU per call", "us", mine, "server_us_per_call"),
        _figure(group, "server CPU", "cores", mine, "server_cores"),
        _figure(group, "client CPU", "cores", mine, "client_cores"),
    ]


def _figure(
    group: str, name: str, unit: str, runs: list[dict[str, float]], key: str, goal: Goal | None = None
) -> Figure:
    return Figure(group=group, name=name, unit=unit, runs=tuple(run[key] for run in runs), goal=goal)


def _calls(plan: Plan, server: Server, token: str, method: str, bodies: list[bytes]) -> dict[str, object]:
    return {
        "address": server.address,
        "server_pid": server.pid,
        "token": token,
        "method": method,
        "bodies": [b64encode(body).decode() for body in bodies],
        "in_flight": plan.in_flight,
        "warm_up_s": plan.warm_up_s,
        "measured_s": plan.measured_s,
    }


async def _opened(
    server: Server, token: str, *, name: str, agents: int, count: int, is_conference: bool = False
) -> list[tuple[str, str]]:
    """Open conversations, each with the agent who has it; the desks that accepted them are closed again."""
    _progress(f"opening {count:,} conversations ({name})")
    return await run_opening(
        {
            "address": server.address,
            "token": token,
            "name": name,
            "agents_count": agents,
            "conversations_count": count,
            "is_conference": is_conference,
        }
    )


async def _send_one(server: Server, token: str, conversation: tuple[str, str]) -> None:
    name, agent = conversation
    request = SendMessageRequest(name=name, agent=agent, text=_TEXT)
    async with grpc.aio.insecure_channel(server.address) as channel:
        metadata = (("authorization", f"Bearer {token}"),)
        await ConversationServiceStub(channel).SendMessage(request, metadata=metadata, timeout=30.0)


def _token(data: Path) -> str:
    return (data / "admin.token").read_text(encoding="utf-8").strip()


def _progress(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)  # noqa: T201  a command prints
