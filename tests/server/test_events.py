"""The journal as callers watch it: from anywhere, without gap or repeat."""

import asyncio
from contextlib import nullcontext
from pathlib import Path

import pytest
from google.protobuf.message import Message

from hookflash.engine.domain.refusals import SlowConsumer
from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.server import tail as tails
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.tail import Seen
from hookflash.engine.settings import Limits
from hookflash.sdk.types import Principal, Role
from hookflash.v1.event_service_pb2 import WatchResponse
from tests.server.serving import METHODS, Refused, Serving, Stream, serving

ADMIN = Principal(Role.ADMIN, "admins/root")


async def events_of(stream: Stream, count: int) -> list[tuple[int, int]]:
    """The places of the next events, as many as asked for or some more."""
    found: list[tuple[int, int]] = []
    while len(found) < count:
        found += [(event.position, event.index) for event in (await stream.next()).events]
    return found


async def listed(served: Serving, size: int, filter_: str = "") -> list[tuple[int, int]]:
    found, token = [], ""
    while True:
        page = await served.admin.call("EventService/ListEvents", page_size=size, page_token=token, filter=filter_)
        assert len(page.events) <= size
        found += [(event.position, event.index) for event in page.events]
        token = page.next_page_token
        if not token:
            return found


@pytest.mark.spec("R-G9")
async def test_watching_from_the_start_shows_every_event_once_and_goes_on_live(served: Serving) -> None:
    await served.site("ann")
    for number in range(5):
        await served.opened(f"c{number}")
    so_far = await listed(served, 1000)
    async with served.admin.stream("EventService/Watch", from_start=True) as watch:
        seen = await events_of(watch, len(so_far))
        await served.opened("live")
        while len(seen) == len(so_far):
            seen += [(event.position, event.index) for event in (await watch.next()).events]
    assert seen == await listed(served, 1000)
    assert len(set(seen)) == len(seen)


@pytest.mark.spec("R-G9")
async def test_a_watch_resumes_after_the_position_it_was_given(served: Serving) -> None:
    await served.site("ann")
    await served.opened()
    async with served.admin.stream("EventService/Watch", after_position=1) as watch:
        first = await watch.next()
    assert first.events[0].position == 2
    assert first.position == served.engine.shard.durable_position


async def test_the_first_answer_comes_at_once_also_where_there_is_nothing(served: Serving) -> None:
    async with served.admin.stream("EventService/Watch") as watch:
        first = await watch.next()
    assert (list(first.events), first.position) == ([], served.engine.shard.durable_position)


async def test_an_answer_has_at_most_a_hundred_events_and_its_position_is_that_of_a_whole_record(
    served: Serving,
) -> None:
    await served.site(*(f"a{number}" for number in range(250)))
    total = len(await listed(served, 1000))
    async with served.admin.stream("EventService/Watch", from_start=True) as watch:
        sizes: list[int] = []
        positions: list[tuple[int, int]] = []
        while sum(sizes) < total:
            answer = await watch.next()
            sizes.append(len(answer.events))
            positions.append((answer.position, answer.events[-1].position))
    assert max(sizes) == 100
    split = [place for place, size in zip(positions, sizes, strict=True) if size == 100]
    assert all(resumed < last for resumed, last in split)


async def test_pages_of_any_size_show_the_same_events(served: Serving) -> None:
    await served.site("ann", "bob")
    await served.opened()
    whole = await listed(served, 1000)
    assert [await listed(served, size) for size in (1, 2, 3, 7)] == [whole] * 4


async def test_a_filter_names_subject_and_type(served: Serving) -> None:
    await served.site("ann")
    await served.opened("42")
    await served.opened("43")
    page = await served.admin.call(
        "EventService/ListEvents", filter="subject = conversations/42 AND type = InvitePlaced"
    )
    assert [(event.subject, event.type) for event in page.events] == [("conversations/42", "InvitePlaced")]
    payload = dict(page.events[0].payload)
    assert payload["invite"]["target"]["queue"] == "billing"
    for bad in ("subject", "subject = a OR type = b", "color = red", "type = Nonsense", "type = a AND type = b"):
        with pytest.raises(Refused) as refused:
            await served.admin.call("EventService/ListEvents", filter=bad)
        assert refused.value.reason == "BAD_FIELD", bad


async def test_a_position_past_the_end_is_gone(served: Serving) -> None:
    async with served.admin.stream("EventService/Watch", after_position=999) as watch:
        with pytest.raises(Refused) as refused:
            await watch.next()
    assert (refused.value.code, refused.value.reason) == ("OUT_OF_RANGE", "POSITION_GONE")


async def test_a_reader_who_is_far_behind_reads_from_the_disk_and_is_not_too_slow(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(stream_buffer_events_max=5)) as served:
        await served.site("ann")
        for number in range(20):
            await served.opened(f"c{number}")
        async with served.admin.stream("EventService/Watch", from_start=True) as watch:
            seen = await events_of(watch, len(await listed(served, 1000)))
    assert seen[0] == (1, 0)


async def test_a_token_shows_its_digest_to_nobody(served: Serving) -> None:
    page = await served.admin.call("EventService/ListEvents", filter="type = TokenCreated")
    assert "digest" not in dict(page.events[0].payload)["settings"]


async def test_events_are_readable_after_a_restart_over_the_same_journal(tmp_path: Path) -> None:
    store = MemoryStore()
    async with serving(tmp_path, store=store) as served:
        await served.site("ann")
        await served.opened()
        before = await listed(served, 1000)
    async with serving(tmp_path, store=store) as served:
        async with served.admin.stream("EventService/Watch", from_start=True) as watch:
            assert (await events_of(watch, len(before)))[: len(before)] == before
        viewer = await served.client(Role.VIEWER, "viewers/vi")
        conversation = await viewer.call("ConversationService/GetConversation", name="conversations/42")
    assert conversation.name == "conversations/42"


async def test_a_reader_who_was_up_to_date_and_then_reads_too_slowly_is_ended_with_his_last_position(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, limits=Limits(stream_buffer_events_max=10)) as served:
        await served.site("ann")
        written: list[int] = []
        at_work, may_go_on = asyncio.Event(), asyncio.Event()

        async def write(item: bytes | Message) -> None:
            assert isinstance(item, WatchResponse)
            written.append(item.position)
            if item.events:  # The first answer was empty: he was up to date.
                at_work.set()
                await may_go_on.wait()

        caller = Caller(ADMIN, METHODS["EventService/Watch"], "", write, lambda: None, nullcontext)
        tail = served.server._tail  # noqa: SLF001  over the wire only megabytes would make a reader slow
        watching = asyncio.ensure_future(tail.watch(caller, tail.position, Seen()))
        await served.opened("first")
        await at_work.wait()
        for number in range(10):
            await served.opened(f"c{number}")
        may_go_on.set()
        with pytest.raises(SlowConsumer) as refused:
            await watching
    assert refused.value.metadata["position"] == str(written[-1])


async def test_a_filter_that_finds_little_is_answered_in_pages_that_each_look_at_few_records(
    monkeypatch: pytest.MonkeyPatch, served: Serving
) -> None:
    await served.site("ann")
    for number in range(10):
        await served.opened(f"c{number}")
    rare = "subject = conversations/c9"
    expected = await listed(served, 1000, rare)
    monkeypatch.setattr(tails, "PAGE_RECORDS_MAX", 3)
    monkeypatch.setattr(tails, "_READ_RECORDS", 2)
    first = await served.admin.call("EventService/ListEvents", filter=rare)
    assert not first.events
    assert first.next_page_token, "it says where to look on"
    assert await listed(served, 1000, rare) == expected
    assert await listed(served, 1) == await listed(served, 1000)
