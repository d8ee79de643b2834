"""SendMessage and Whisper over gRPC, durable, with nobody listening, beside the bare echo at the same calls in flight.

Whispers go to conversations of two agents, since somebody must be there to hear them.
"""

from hookflash.cli.bench.figures import Sample, load_samples
from hookflash.cli.bench.opening import opened
from hookflash.cli.bench.round import TEXT, Round
from hookflash.cli.bench.site import method
from hookflash.v1.conversation_service_pb2 import SendMessageRequest, WhisperRequest

__all__ = ["group", "measure"]


def group(call: str, in_flight: int) -> str:
    """Return under which heading a call's figures stand."""
    return f"{call}, {in_flight} in flight"


async def measure(round_: Round) -> list[Sample]:
    """Rates and latencies at every level, each beside the echo's."""
    plan = round_.plan
    async with await round_.engine("talking") as engine:
        sends = await opened(engine, name="send", agents=16, count=plan.conversations)
        whispers = await opened(engine, name="whisper", agents=16, count=plan.conversations, is_conference=True)
        say = [SendMessageRequest(name=name, agent=agent, text=TEXT).SerializeToString() for name, agent in sends]
        tell = [WhisperRequest(name=name, agent=agent, text=TEXT).SerializeToString() for name, agent in whispers]
        samples: list[Sample] = []
        for level in plan.levels:
            bare = await round_.echo(level)
            samples += load_samples(group("bare echo", level), "call", bare)
            for call, bodies in (("SendMessage", say), ("Whisper", tell)):
                measured = await round_.calls(engine, method("ConversationService", call), bodies, level)
                samples += load_samples(group(call, level), "call", measured, bare)
                round_.say(f"{call}, {level} in flight: {measured['items_per_s']:,.0f} calls/s")
    return samples
