"""SendMessage while somebody listens: one desk that hears every message, and one adapter that delivers every message.

The adapter settles each delivery, since the next of a conversation comes only then: so each message costs two calls
and two messages on streams. The rate is that of the messages.
"""

from hookflash.cli.bench.calls import requests
from hookflash.cli.bench.centre import Centre
from hookflash.cli.bench.closed_loop import ClosedLoop
from hookflash.cli.bench.figures import Sample, load_samples
from hookflash.cli.bench.processes import apart
from hookflash.cli.bench.round import TEXT, Round, encoded
from hookflash.cli.bench.site import ATTACH, DELIVERIES, SETTLE, method
from hookflash.cli.bench.wire import Wire
from hookflash.v1.agent_service_pb2 import AttachRequest
from hookflash.v1.channel_service_pb2 import DeliveriesRequest, SettleDeliveryRequest
from hookflash.v1.conversation_service_pb2 import SendMessageRequest
from hookflash.v1.delivery_pb2 import Delivery

__all__ = ["group", "load_listening", "measure"]

_TIMELINE_UPDATE = 0x22
"""The first byte of an AttachResponse that holds one."""


def group(in_flight: int) -> str:
    """Return under which heading the figures stand."""
    return f"SendMessage, {in_flight} in flight, desk and adapter listening"


async def measure(round_: Round) -> list[Sample]:
    """Rates and latencies at every level, beside the echo's."""
    samples: list[Sample] = []
    plan = round_.plan
    async with await round_.engine("listening") as engine:
        for level in plan.levels:
            bare = await round_.echo(level)
            measured = await apart(
                load_listening,
                address=engine.address,
                token=engine.token,
                server_pid=engine.pid,
                name=f"listening-{level}",
                conversations=plan.conversations,
                in_flight=level,
                warm_up_s=plan.warm_up_s,
                measured_s=plan.measured_s,
            )
            samples += load_samples(group(level), "message", measured, bare)
            samples += [
                Sample(group=group(level), name=f"{what} per message sent", unit="", value=measured[what])
                for what in ("updates", "deliveries")
            ]
            round_.say(f"{group(level)}: {measured['items_per_s']:,.0f} messages/s")
    return samples


async def load_listening(
    *,
    address: str,
    token: str,
    server_pid: int,
    name: str,
    conversations: int,
    in_flight: int,
    warm_up_s: float,
    measured_s: float,
) -> dict[str, float]:
    """Send into conversations of one agent, whose desk is attached; deliver to their customers."""
    sending, listening = await Wire.open(address, token), await Wire.open(address, token)
    agent, channel = f"agents/{name}-0", f"channels/{name}"
    async with Centre(listening, name=name, agents_count=1, capacity=conversations + 1) as centre:
        opened = [await centre.open_conversation() for _ in range(conversations)]
    heard = {"sent": 0, "updates": 0, "deliveries": 0}

    def update(item: bytes) -> None:
        heard["updates"] += item[0] == _TIMELINE_UPDATE

    def deliver(item: bytes) -> None:
        heard["deliveries"] += 1
        settled = SettleDeliveryRequest(name=Delivery.FromString(item).name)
        listening.call(SETTLE, settled.SerializeToString(), lambda _answer: None)

    listening.read(ATTACH, AttachRequest(agent=agent).SerializeToString(), update)
    reading = DeliveriesRequest(channel=channel, max_in_flight=1_000)
    listening.read(DELIVERIES, reading.SerializeToString(), deliver)
    loop = ClosedLoop(warm_up_s=warm_up_s, measured_s=measured_s, server_pid=server_pid)
    bodies = [SendMessageRequest(name=each, agent=by, text=TEXT).SerializeToString() for each, by in opened]
    following = requests(encoded(bodies))

    def body() -> bytes:
        heard["sent"] += 1
        return following()

    measured = await loop.run_calls(sending, method("ConversationService", "SendMessage"), body, in_flight, [listening])
    sent = max(heard["sent"], 1)
    for wire in (sending, listening):
        wire.close()
    return {**measured, "updates": heard["updates"] / sent, "deliveries": heard["deliveries"] / sent}
