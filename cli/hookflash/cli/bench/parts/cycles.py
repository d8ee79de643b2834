"""Whole transfer and conference cycles over gRPC, so many conversations at once; the customer's side is in it.

A transfer cycle is Transfer, the offer seen on the receiving agent's Attach stream, AcceptOffer, and the customer's
three notices delivered and settled: 5 calls and some 14 messages on streams. A conference cycle is Conference, offer,
AcceptOffer, the notice of the join, and the second agent's Leave with its notice: 5 calls.
"""

from itertools import repeat

from hookflash.cli.bench.centre import Centre
from hookflash.cli.bench.closed_loop import ClosedLoop, spread_of
from hookflash.cli.bench.figures import Sample, load_samples
from hookflash.cli.bench.processes import apart
from hookflash.cli.bench.round import Round
from hookflash.cli.bench.wire import Wire

__all__ = ["CALLS", "group", "load_cycles", "measure"]

CALLS = 5.0
"""Of one cycle, whichever."""

# An engine with its default settings allows 32 transfers of one conversation.
_TRANSFERS_MAX = 30


def group(kind: str, in_flight: int) -> str:
    """Return under which heading a cycle's figures stand."""
    return f"{kind} cycle, {in_flight} at once"


async def measure(round_: Round) -> list[Sample]:
    """Both cycles at every level; the share of the echo's rate is that of the cycle's calls."""
    samples: list[Sample] = []
    async with await round_.engine("cycles") as engine:
        for level in round_.plan.levels:
            bare = await round_.echo(level)
            for kind in ("transfer", "conference"):
                measured = await apart(
                    load_cycles,
                    address=engine.address,
                    token=engine.token,
                    server_pid=engine.pid,
                    kind=kind,
                    in_flight=level,
                    warm_up_s=round_.plan.warm_up_s,
                    measured_s=round_.plan.measured_s,
                )
                at = group(kind, level)
                samples += load_samples(at, "cycle", measured, bare, calls=CALLS)
                samples += [
                    Sample(group=at, name=f"placed to offer seen, {word}", unit="ms", value=measured[f"offer_{key}"])
                    for word, key in (("p50", "p50_ms"), ("p99", "p99_ms"))
                ]
                round_.say(f"{at}: {measured['items_per_s']:,.0f} cycles/s")
    return samples


async def load_cycles(
    *, address: str, token: str, server_pid: int, kind: str, in_flight: int, warm_up_s: float, measured_s: float
) -> dict[str, float]:
    """Repeat one kind of cycle in so many conversations."""
    wire = await Wire.open(address, token)
    loop = ClosedLoop(warm_up_s=warm_up_s, measured_s=measured_s, server_pid=server_pid)
    # Agents have a slot more than they need when all conversations come to one of them.
    centre = Centre(wire, name=f"{kind}-{in_flight}", agents_count=2 * in_flight, capacity=2 * in_flight + 1)

    async def work() -> None:
        while not loop.is_over:
            conversation, agent = await centre.open_conversation()
            for _ in range(_TRANSFERS_MAX) if kind == "transfer" else repeat(None):
                begun = loop.begin()
                if kind == "transfer":
                    agent = await centre.transfer(conversation, agent)
                else:
                    await centre.leave(conversation, await centre.add_agent(conversation, agent))
                loop.count(begun)
                if loop.is_over:
                    break
            await centre.close_conversation(conversation)

    async with centre:
        measured = await loop.run(work, in_flight, [wire])
    wire.close()
    offered = spread_of(centre.offered)
    return {**measured, **{f"offer_{name}": value for name, value in offered.items()}}
