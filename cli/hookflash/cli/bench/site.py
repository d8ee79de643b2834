"""Making a site on a running server through the API: queues, a channel, agents; logged in and ready where wanted."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice
from uuid import uuid4

from hookflash.cli.bench.wire import Wire
from hookflash.v1 import admin_service_pb2 as admin
from hookflash.v1 import agent_pb2, channel_pb2, queue_pb2
from hookflash.v1 import agent_service_pb2 as agents

__all__ = ["ACCEPT", "ATTACH", "DELIVERIES", "SETTLE", "apply_site", "method", "new_id", "set_ready"]

_APPLIED_AT_ONCE = 500
_READY_AT_ONCE = 64


def method(service: str, name: str) -> str:
    """Return the path of a method of our API."""
    return f"/hookflash.v1.{service}/{name}"


ATTACH = method("AgentService", "Attach")
ACCEPT = method("AgentService", "AcceptOffer")
DELIVERIES = method("ChannelService", "Deliveries")
SETTLE = method("ChannelService", "SettleDelivery")


def new_id() -> str:
    """Return an id that nothing else has."""
    return uuid4().hex


async def apply_site(
    wire: Wire, *, queues: Sequence[str], channel: str, agents_: Sequence[str], served: Sequence[str], capacity: int
) -> None:
    """Make queues, a channel served from outside, and agents who serve the queues `served`."""
    path = method("AdminService", "Apply")
    made = [queue_pb2.Queue(name=name, display_name=name.partition("/")[2]) for name in queues]
    channels = [channel_pb2.Channel(name=channel, is_external=True)]
    request = admin.ApplyRequest(request_id=new_id(), queues=made, channels=channels)
    await wire.ask(path, request.SerializeToString())
    chat = agent_pb2.AgentDomain(media_domain="chat", capacity=capacity)
    rest = iter(agents_)
    # A whole site of thousands is more than one message holds.
    while some := list(islice(rest, _APPLIED_AT_ONCE)):
        made_agents = [agent_pb2.Agent(name=name, domains=[chat], queues=served) for name in some]
        request = admin.ApplyRequest(request_id=new_id(), agents=made_agents)
        await wire.ask(path, request.SerializeToString())


async def set_ready(wire: Wire, names: Iterable[str], *, is_ready: bool = True) -> None:
    """Set agents ready, or not."""
    state = agent_pb2.READINESS_READY if is_ready else agent_pb2.READINESS_NOT_READY
    path, rest = method("AgentService", "SetAgentState"), iter(names)
    while some := list(islice(rest, _READY_AT_ONCE)):
        bodies = [agents.SetAgentStateRequest(request_id=new_id(), agent=name, state=state) for name in some]
        await asyncio.gather(*(wire.ask(path, body.SerializeToString()) for body in bodies))
