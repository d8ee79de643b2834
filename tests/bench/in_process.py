"""The engine without gRPC: durable cascades a second in one process. Run as `python -m tests.bench.in_process`.

What a call costs beyond this is the wire. The commands are those that the server would submit: with a principal, a
request id and an answer to keep. The job comes as JSON on stdin, the figures leave as JSON on stdout.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from uuid import uuid4

from hookflash.engine.actors.calls import Call
from hookflash.engine.actors.shard import Shard
from hookflash.engine.domain.address import SITE, Address, Kind
from hookflash.engine.domain.commands import (
    AcceptOffer,
    Apply,
    Attach,
    Command,
    OpenConversation,
    PlaceInvite,
    SendMessage,
    SetReadiness,
)
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.values import AgentSettings, ChannelSettings, Customer, QueueSettings, Target
from hookflash.engine.engine import Engine
from hookflash.engine.journal.sqlite import SqliteJournal
from hookflash.engine.settings import Settings
from hookflash.engine.views.store import VIEWS_FILE, Views
from hookflash.sdk.types import AgentId, ChannelId, InviteKind, MediaDomainId, Principal, QueueId, Role

__all__ = ["Job"]

_AGENTS = 128
_CAPACITY = {MediaDomainId("chat"): 512}
_TEXT = "Your refund is on its way, it takes three working days in all."
_ANSWER = bytes(120)
_TRANSFERS_MAX = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Where the journal lies, how many commands are in flight, and for how long."""

    directory: str
    in_flight: int
    measured_s: float


async def _measured(job: Job) -> dict[str, float]:
    settings = Settings()
    directory = Path(job.directory)
    engine = Engine.assemble(settings, SqliteJournal.open(directory), Views.open(directory / VIEWS_FILE))
    await engine.start()
    try:
        shard = engine.shard
        await _set_up(shard)
        desks = [await _opened(shard) for _ in range(job.in_flight)]
        messages, message_us = await _rate(job, [_sender(shard, *desk) for desk in desks])
        transfers, transfer_us = await _rate(job, [_transferrer(shard, *desk) for desk in desks])
    finally:
        await engine.stop()
    return {
        "messages_per_s": messages,
        "message_cpu_us": message_us,
        "transfer_cascades_per_s": transfers,
        "transfer_cascade_cpu_us": transfer_us,
    }


async def _rate(job: Job, steps: list[Callable[[], Awaitable[int]]]) -> tuple[float, float]:
    """Let each worker repeat its step until the time is over; return cascades a second and CPU of each in us."""
    begun, cpu, cascades = perf_counter(), process_time(), 0

    async def work(step: Callable[[], Awaitable[int]]) -> None:
        nonlocal cascades
        while perf_counter() - begun < job.measured_s:
            sealed = await step()
            cascades += sealed

    await asyncio.gather(*(work(step) for step in steps))
    return cascades / (perf_counter() - begun), (process_time() - cpu) / cascades * 1e6


def _sender(shard: Shard, conversation: Address, agent: AgentId) -> Callable[[], Awaitable[int]]:
    async def send() -> int:
        await _command(shard, conversation, "SendMessage", agent, SendMessage(agent=agent, text=_TEXT))
        return 1

    return send


def _transferrer(shard: Shard, conversation: Address, agent: AgentId) -> Callable[[], Awaitable[int]]:
    """Transfer and accept, two cascades of several turns each, over conversation, queue and agents."""

    async def transfer() -> int:
        nonlocal conversation, agent
        if _state(shard, conversation).transfers >= _TRANSFERS_MAX:
            conversation, agent = await _opened(shard)
        place = PlaceInvite(kind=InviteKind.TRANSFER, agent=agent, target=Target(queue=QueueId("billing")), note="VIP")
        await _command(shard, conversation, "Transfer", agent, place)
        agent = await _accepted(shard, conversation)
        return 2

    return transfer


async def _set_up(shard: Shard) -> None:
    agents = tuple(AgentId(f"a{number}") for number in range(_AGENTS))
    site = Apply(
        queues=(QueueSettings(id=QueueId("billing"), display_name="Billing"),),
        agents=tuple(AgentSettings(id=each, display_name=each, capacity=_CAPACITY) for each in agents),
        channels=(ChannelSettings(id=ChannelId("web"), kind="web", queue=QueueId("billing")),),
    )
    await shard.submit(SITE, site, Call())
    for agent in agents:
        await shard.submit(Address(Kind.AGENT, agent), Attach(stream=f"s-{agent}"), Call())
        await shard.submit(Address(Kind.AGENT, agent), SetReadiness(is_ready=True), Call())


async def _opened(shard: Shard) -> tuple[Address, AgentId]:
    """Open a conversation and let the agent accept it whom it was offered."""
    conversation = Address(Kind.CONVERSATION, uuid4().hex)
    customer = Customer(display_name="Kim")
    opening = OpenConversation(channel=ChannelId("web"), address=conversation.id, customer=customer, text="hello")
    await shard.submit(conversation, opening, Call(is_fresh=True))
    return conversation, await _accepted(shard, conversation)


async def _accepted(shard: Shard, conversation: Address) -> AgentId:
    invite = _state(shard, conversation).open_invite
    if invite is None or invite.offer is None:
        raise RuntimeError("Nobody was offered the conversation: there are more of them than agents.")
    agent = invite.offer.agent
    await _command(shard, conversation, "AcceptOffer", agent, AcceptOffer(number=invite.offer.number, agent=agent))
    return agent


async def _command(shard: Shard, conversation: Address, method: str, agent: AgentId, command: Command) -> None:
    principal = Principal(Role.AGENT, f"agents/{agent}")
    call = Call(principal=principal, method=method, request_id=uuid4().hex, digest=bytes(32))
    await shard.submit(conversation, command, call, lambda _outcome: _ANSWER)


def _state(shard: Shard, conversation: Address) -> Conversation:
    state = shard.state(conversation)
    if not isinstance(state, Conversation):
        raise RuntimeError(f"{conversation} is not there.")  # noqa: TRY004  no caller gave a wrong type
    return state


if __name__ == "__main__":
    json.dump(asyncio.run(_measured(Job(**json.load(sys.stdin)))), sys.stdout)
