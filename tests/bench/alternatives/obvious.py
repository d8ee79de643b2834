"""The obvious design under the same loads: pykka threads and a commit per event behind a synchronous gRPC server."""

from hookflash.cli.bench.figures import Sample, load_samples
from hookflash.cli.bench.opening import opened
from hookflash.cli.bench.parts.cycles import CALLS, load_cycles
from hookflash.cli.bench.processes import apart, start_server
from hookflash.cli.bench.round import TEXT, Round
from hookflash.cli.bench.site import method
from hookflash.v1.conversation_service_pb2 import SendMessageRequest, WhisperRequest

__all__ = ["group", "measure"]

_CONVERSATIONS_AT_ONCE_MAX = 64
"""With more, the desks of the load would take all of its threads."""


def group(what: str) -> str:
    """Return under which heading the figures stand."""
    return f"the obvious design: {what}"


async def measure(round_: Round) -> list[Sample]:
    """SendMessage and Whisper, and whole transfer cycles, as ours are measured."""
    plan = round_.plan
    samples: list[Sample] = []
    directory = round_.place("obvious")
    command = ("-m", "tests.bench.alternatives.obvious_server", str(directory))
    async with await start_server("the obvious server", command, directory.with_suffix(".log"), {}) as server:
        sends = await opened(server, name="send", agents=16, count=plan.conversations)
        whispers = await opened(server, name="whisper", agents=16, count=plan.conversations, is_conference=True)
        say = [SendMessageRequest(name=name, agent=agent, text=TEXT).SerializeToString() for name, agent in sends]
        tell = [WhisperRequest(name=name, agent=agent, text=TEXT).SerializeToString() for name, agent in whispers]
        for level in plan.levels:
            bare = await round_.echo(level)
            for call, bodies in (("SendMessage", say), ("Whisper", tell)):
                measured = await round_.calls(server, method("ConversationService", call), bodies, level)
                at = group(f"{call}, {level} in flight")
                samples += load_samples(at, "call", measured, bare)
                round_.say(f"{at}: {measured['items_per_s']:,.0f} calls/s")
            if level > _CONVERSATIONS_AT_ONCE_MAX:
                continue
            measured = await apart(
                load_cycles,
                address=server.address,
                token=server.token,
                server_pid=server.pid,
                kind="transfer",
                in_flight=level,
                warm_up_s=plan.warm_up_s,
                measured_s=plan.measured_s,
            )
            at = group(f"transfer cycle, {level} at once")
            samples += load_samples(at, "cycle", measured, bare, calls=CALLS)
            round_.say(f"{at}: {measured['items_per_s']:,.0f} cycles/s")
    return samples
