"""An agent's stream: a snapshot, then everything that concerns him, in order, and nothing after he is out."""

import asyncio
from pathlib import Path
from typing import NoReturn

import pytest

from hookflash.engine.failpoints import JOURNAL_BEFORE_APPEND, Failpoints
from hookflash.engine.journal.errors import JournalFull
from hookflash.engine.server.convert_values import AGENT_STATE
from hookflash.engine.settings import Limits
from hookflash.sdk.types import AgentState
from tests.server.serving import BILLING, Client, Refused, Serving, Stream, serving


async def joined(served: Serving, client: Client, desk: Stream, name: str = "42") -> None:
    """Let the attached agent join a new conversation."""
    await served.ready(client)
    await served.opened(name)
    made = await desk.until("offer_made")
    await client.call("AgentService/AcceptOffer", name=made.offer.name)


async def items_until(desk: Stream, kind: str) -> list[str]:
    kinds: list[str] = []
    while not kinds or kinds[-1] != kind:
        kinds.append((await desk.next()).WhichOneof("update"))
    return kinds


def words(item: object) -> str:
    """What a desk would show of an update: its text, or what sort of fact it is."""
    kind = item.WhichOneof("update")  # type: ignore[attr-defined]
    if kind == "agent_notice":
        return f"{kind}: {item.agent_notice.notice.text}"  # type: ignore[attr-defined]
    if kind == "timeline_update":
        entry = item.timeline_update.entry  # type: ignore[attr-defined]
        what = entry.WhichOneof("entry")
        return f"{what}: {getattr(entry, what).text}" if what in ("message", "whisper", "notice") else what
    return str(kind)


@pytest.mark.spec("R-L6")
async def test_attaching_logs_in_not_ready_and_gives_a_snapshot_first(served: Serving) -> None:
    await served.site("ann")
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        welcome = (await desk.next()).welcome
        assert [domain.state for domain in welcome.agent.domains] == [AGENT_STATE[AgentState.NOT_READY]]
        assert welcome.grace.seconds == 30
        assert welcome.position == served.engine.shard.durable_position


@pytest.mark.spec("R-L6", "F-04")
async def test_the_snapshot_shows_conversations_and_the_same_open_offer(served: Serving) -> None:
    await served.site("ann")
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await joined(served, ann, desk)
        await served.opened("43")
        made = await desk.until("offer_made")
        served.clock.advance(10.0)
        async with ann.stream("AgentService/Attach") as second:
            welcome = (await second.next()).welcome
            assert [conversation.name for conversation in welcome.conversations] == ["conversations/42"]
            assert list(welcome.offers) == [made.offer]


@pytest.mark.spec("R-L6")
async def test_a_second_desk_takes_over_and_the_first_is_told_why(served: Serving) -> None:
    await served.site("ann")
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as first:
        await first.until("welcome")
        async with ann.stream("AgentService/Attach") as second:
            await second.until("welcome")
            assert (await first.until("goodbye")).reason == "TAKEN_OVER"
            with pytest.raises(Refused) as refused:
                await first.next()
            assert (refused.value.code, refused.value.reason) == ("ABORTED", "TAKEN_OVER")
            await served.ready(ann)
            changed = await second.until("agent_changed")
            assert changed.agent.ready


@pytest.mark.spec("R-L6")
async def test_losing_the_stream_detaches_and_keeps_what_he_has(served: Serving) -> None:
    await served.site("ann")
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await joined(served, ann, desk)
    async with served.admin.stream("EventService/Watch", from_start=True, filter="type = AgentDetached") as watch:
        while not (await watch.next()).events:
            pass
    agent = await served.admin.call("AgentService/GetAgent", name="agents/ann")
    assert [domain.state for domain in agent.domains] == [AGENT_STATE[AgentState.PENDING_NOT_READY]]
    assert agent.domains[0].active == 1


@pytest.mark.spec("R-L6")
async def test_a_stream_lost_while_the_disk_is_full_detaches_once_there_is_room(tmp_path: Path) -> None:
    failpoints, loop, was_full = Failpoints(), asyncio.get_running_loop(), asyncio.Event()

    def full() -> NoReturn:
        loop.call_soon_threadsafe(was_full.set)
        raise JournalFull("The disk is full; nothing was written.")

    async with serving(tmp_path, failpoints=failpoints) as served:
        await served.site("ann")
        ann = await served.agent("ann")
        async with ann.stream("AgentService/Attach") as desk:
            await desk.until("welcome")
            failpoints.switch_on(JOURNAL_BEFORE_APPEND, full)
        await was_full.wait()
        failpoints.switch_off(JOURNAL_BEFORE_APPEND)
        await served.ready(ann)
        served.clock.advance(10.0)
        async with served.admin.stream("EventService/Watch", from_start=True, filter="type = AgentDetached") as watch:
            while not (await watch.next()).events:
                pass
        agent = await served.admin.call("AgentService/GetAgent", name="agents/ann")
        assert [domain.state for domain in agent.domains] == [AGENT_STATE[AgentState.NOT_READY]]


@pytest.mark.spec("R-T2", "R-L9", "A-01")
async def test_who_transfers_hears_the_two_notices_in_order_and_then_nothing_of_that_conversation(
    served: Serving,
) -> None:
    await served.site("ann", "bob")
    ann, bob = await served.agent("ann"), await served.agent("bob")
    async with ann.stream("AgentService/Attach") as desk, bob.stream("AgentService/Attach") as other:
        await desk.until("welcome")
        await other.until("welcome")
        await joined(served, ann, desk)
        await served.ready(bob)
        await ann.call("ConversationService/Transfer", name="conversations/42", target=BILLING, note="vip")
        offer = (await other.until("offer_made")).offer
        assert (offer.note, offer.requester, offer.heading) == (
            "vip",
            "agents/ann",
            "Chat transfer request from Ann with customer customer 42",
        )
        await bob.call("AgentService/AcceptOffer", name=offer.name)
        await bob.call("ConversationService/SendMessage", name="conversations/42", text="hello")
        await ann.call("AgentService/SetAgentState", state=2)
        seen = []
        while "agent_notice: Transfer request placed successfully" not in seen:
            seen.append(words(await desk.next()))
        assert seen[-2:] == [
            "agent_notice: Conversation is closed due to CHAT TRANSFERRED",
            "agent_notice: Transfer request placed successfully",
        ]
        rest: list[str] = []
        while len(rest) < 2:
            rest.append(words(await desk.next()))
        assert rest == ["agent_changed", "agent_changed"]


@pytest.mark.spec("R-W1", "R-W4")
async def test_a_whisper_comes_to_the_agents_as_a_whisper(served: Serving) -> None:
    await served.site("ann", "bob")
    ann, bob = await served.agent("ann"), await served.agent("bob")
    async with ann.stream("AgentService/Attach") as desk, bob.stream("AgentService/Attach") as other:
        await desk.until("welcome")
        await other.until("welcome")
        await joined(served, ann, desk)
        await served.ready(bob)
        await ann.call("ConversationService/Conference", name="conversations/42", target=BILLING)
        await bob.call("AgentService/AcceptOffer", name=(await other.until("offer_made")).offer.name)
        whisper = await bob.call("ConversationService/Whisper", name="conversations/42", text="careful")
        for each in (desk, other):
            seen = [words(await each.next())]
            while "whisper" not in seen[-1]:
                seen.append(words(await each.next()))
            assert seen[-1] == "whisper: careful"
        assert whisper.name == "conversations/42/whispers/1"


@pytest.mark.spec("R-O7", "R-O8")
async def test_a_withdrawn_offer_is_told_with_its_id_and_why(served: Serving) -> None:
    await served.site("ann")
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await served.ready(ann)
        await served.opened()
        made = await desk.until("offer_made")
        await served.admin.call(
            "ChannelService/Receive", channel="channels/web", address="customer 42", external_id="1", customer_left=True
        )
        withdrawn = await desk.until("offer_withdrawn")
        assert (withdrawn.offer, withdrawn.reason) == (made.offer.name, "CUSTOMER_LEFT")


@pytest.mark.spec("R-L6")
async def test_what_was_missed_between_two_desks_comes_after_the_snapshot_once_and_in_order(served: Serving) -> None:
    await served.site("ann")
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await joined(served, ann, desk)
        await ann.call("ConversationService/SendMessage", name="conversations/42", text="one")
        while words(item := await desk.next()) != "message: one":
            pass
        position = item.timeline_update.position
    for text in ("two", "three"):
        await served.admin.call(
            "ChannelService/Receive", channel="channels/web", address="customer 42", external_id=text, text=text
        )
    async with ann.stream("AgentService/Attach", after_position=position) as desk:
        await desk.until("welcome")
        await ann.call("ConversationService/SendMessage", name="conversations/42", text="four")
        seen: list[str] = []
        while "message: four" not in seen:
            seen.append(words(await desk.next()))
        assert [each for each in seen if each.startswith("message")] == [
            "message: two",
            "message: three",
            "message: four",
        ]


async def test_a_position_that_the_journal_never_had_is_refused_before_anything_happens(served: Serving) -> None:
    await served.site("ann")
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach", after_position=10_000) as desk:
        with pytest.raises(Refused) as refused:
            await desk.next()
    assert (refused.value.code, refused.value.reason) == ("OUT_OF_RANGE", "POSITION_GONE")
    assert served.engine.shard.facts.agents()["ann"].stream is None  # type: ignore[index]


@pytest.mark.spec("R-L7")
async def test_a_forced_logout_says_goodbye_to_the_desk(served: Serving) -> None:
    await served.site("ann")
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await served.admin.call("AgentService/Logout", agent="agents/ann", reason="shift is over")
        assert await items_until(desk, "goodbye") == ["agent_changed", "goodbye"]
        assert await desk.next() is None


async def test_a_desk_that_reads_too_slowly_is_ended_and_nobody_else_notices(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(stream_buffer_events_max=20)) as served:
        await served.site("ann")
        ann = await served.agent("ann")
        async with ann.stream("AgentService/Attach") as desk:
            await desk.until("welcome")
            await joined(served, ann, desk)
            outlets = served.server._desks._desks["ann"]  # type: ignore[index]  # noqa: SLF001
            for number in range(25):  # All within one turn of the loop, so that nothing is written meanwhile.
                outlets[0].outlet.put(number + 1, b"")
            with pytest.raises(Refused) as refused:
                await items_until(desk, "goodbye")
        assert (refused.value.code, refused.value.reason) == ("RESOURCE_EXHAUSTED", "SLOW_CONSUMER")
        await ann.call("ConversationService/SendMessage", name="conversations/42", text="still here")
