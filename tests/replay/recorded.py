"""Days recorded by a real engine on a manual clock, short enough to know what must come out."""

from collections.abc import Sequence

from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.commands import AcceptOffer, Apply, Close, DeclineOffer, EndSession, PlaceInvite
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.values import (
    AgentSettings,
    AttributeSettings,
    ChannelSettings,
    CloseCause,
    QueueSettings,
    Step,
    Target,
)
from hookflash.engine.journal.record import Record
from hookflash.sdk.types import AgentId, AttributeId, InviteKind, MediaDomainId, QueueId
from tests.actors.running import BILLING, WEB, Running, conversation, running

__all__ = ["SALES", "eventful_day", "quiet_day"]

SALES = QueueId("sales")
CHAT = MediaDomainId("chat")


async def _begin(run: Running, *agents: str) -> None:
    apply = Apply(
        attributes=(AttributeSettings(id=AttributeId("skill")),),
        queues=(
            QueueSettings(id=BILLING, ttl_s=300.0, steps=(Step(),)),
            QueueSettings(id=SALES, ttl_s=300.0),
        ),
        agents=tuple(
            AgentSettings(id=AgentId(name), capacity={CHAT: 1}, attributes={AttributeId("skill"): skill})
            for skill, name in enumerate(agents, start=1)
        ),
        channels=(ChannelSettings(id=WEB, kind="web"),),
    )
    await run.run(SITE, apply)
    for name in agents:
        await run.ready(name)


def _offer(run: Running, name: str) -> tuple[int, AgentId]:
    invite = run.talk(name).open_invite
    assert invite is not None
    assert invite.offer is not None
    return invite.offer.number, invite.offer.agent


async def _answered(run: Running, name: str, after_s: float) -> AgentId:
    number, agent = _offer(run, name)
    await run.pass_time(after_s)
    await run.run(conversation(name), AcceptOffer(number=number, agent=agent))
    return agent


async def _closed(run: Running, name: str, agent: AgentId) -> None:
    await run.run(conversation(name), Close(agent=agent, cause=CloseCause.AGENT))


async def _records(run: Running) -> Sequence[Record]:
    await run.settle()
    return run.engine.journal.read(0)


async def quiet_day() -> Sequence[Record]:
    """Every 100 s a conversation; ann and bob accept in turn after 5 s and take 45 s each: three each in 600 s."""
    async with running() as run:
        await _begin(run, "ann", "bob")
        for number in range(6):
            await run.open(f"c{number}")
            agent = await _answered(run, f"c{number}", 5.0)
            await run.pass_time(45.0)
            await _closed(run, f"c{number}", agent)
            await run.pass_time(50.0)
        await run.site()  # A last record, at the end of the day.
        return await _records(run)


async def eventful_day() -> Sequence[Record]:
    """A decline, a transfer to another queue, a miss, one who leaves after 20 s, one unserved, and a conference."""
    async with running(limits=Limits(offer_timeout_s=25.0, reoffer_pause_s=4.0)) as run:
        await _begin(run, "ann", "bob")
        await run.open("declined")
        number, _ = _offer(run, "declined")
        await run.pass_time(3.0)
        await run.run(conversation("declined"), DeclineOffer(number=number))
        agent = await _answered(run, "declined", 4.0)
        await run.pass_time(30.0)
        transfer = PlaceInvite(kind=InviteKind.TRANSFER, agent=agent, target=Target(queue=SALES))
        await run.run(conversation("declined"), transfer)
        agent = await _answered(run, "declined", 2.0)
        await run.pass_time(20.0)
        conference = PlaceInvite(kind=InviteKind.CONFERENCE, agent=agent, target=Target(queue=SALES))
        await run.run(conversation("declined"), conference)
        await _closed(run, "declined", agent)
        await run.open("missed")
        await run.pass_time(25.0)
        agent = await _answered(run, "missed", 1.0)
        other = AgentId("bob" if agent == "ann" else "ann")
        await run.open("other")
        assert await _answered(run, "other", 1.0) == other
        await run.open("left")
        await run.pass_time(20.0)
        await run.run(conversation("left"), EndSession())
        await run.open("unserved")
        await run.pass_time(310.0)
        await _closed(run, "missed", agent)
        await _closed(run, "other", other)
        return await _records(run)
