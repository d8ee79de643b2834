"""Streams that come back by themselves: from where, after what, and when not."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import grpc
import pytest

from hookflash.sdk.client import Backoff, Client, HookflashError, SyncClient, Unreachable, errors
from hookflash.sdk.client import messages as m
from tests.cli.fake_server import FakeServer, RefusedError, held_open

AT_ONCE = Backoff(first_s=0.0, max_s=0.0)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as started:
        yield started


def welcome(position: int) -> m.AttachResponse:
    return m.AttachResponse(welcome=m.Welcome(position=position))


def entry(position: int, sequence: int) -> m.AttachResponse:
    return m.AttachResponse(
        timeline_update=m.TimelineUpdate(
            conversation="conversations/42", position=position, entry=m.TimelineEntry(sequence=sequence)
        )
    )


def goodbye(reason: str) -> m.AttachResponse:
    return m.AttachResponse(goodbye=m.Goodbye(reason=reason))


class Scripts:
    """Answers each opening of a stream with the next script; the last one is followed by holding the stream open."""

    def __init__(self, *scripts: list[Any]) -> None:
        self._scripts = list(scripts)

    def __call__(self, _request: object, context: grpc.ServicerContext) -> Iterator[Any]:
        for item in self._scripts.pop(0):
            if isinstance(item, Exception):
                raise item
            yield item
        if not self._scripts:
            held_open(context)


async def taken(client: Client, count: int, **arguments: Any) -> list[m.AttachResponse]:  # noqa: ANN401
    items: list[m.AttachResponse] = []
    async with aclosing(client.attach("agents/ann", **arguments)) as stream:
        async for item in stream:
            items.append(item)
            if len(items) == count:
                break
    return items


@pytest.mark.spec("R-G6")
async def test_a_desk_that_lost_its_line_goes_on_after_what_it_saw(server: FakeServer) -> None:
    server.answers["Attach"] = Scripts(
        [welcome(10), entry(12, 1), RefusedError("UNAVAILABLE")],
        [welcome(15), entry(14, 2), entry(16, 3)],
    )
    async with Client(server.address, backoff=AT_ONCE) as client:
        items = await taken(client, 5)
    assert items == [welcome(10), entry(12, 1), welcome(15), entry(14, 2), entry(16, 3)]
    first, second = server.requests("Attach")
    assert not first.HasField("after_position")
    # Not 12: the stream may have broken between two updates of record 12.
    assert second.after_position == 11


@pytest.mark.spec("R-G6")
async def test_a_line_lost_in_the_middle_of_a_record_neither_loses_nor_repeats_an_update(server: FakeServer) -> None:
    server.answers["Attach"] = Scripts(
        [welcome(10), entry(12, 1), entry(12, 2), RefusedError("UNAVAILABLE")],
        [welcome(12), entry(12, 1), entry(12, 2), entry(12, 3), entry(13, 4)],
    )
    async with Client(server.address, backoff=AT_ONCE) as client:
        items = await taken(client, 6)
    assert [item.timeline_update.entry.sequence for item in items] == [0, 1, 2, 0, 3, 4]


async def test_a_welcome_on_a_resumed_stream_does_not_hide_what_still_follows_it(server: FakeServer) -> None:
    server.answers["Attach"] = Scripts(
        [welcome(20), entry(11, 1), RefusedError("UNAVAILABLE")],
        [welcome(30)],
    )
    async with Client(server.address, backoff=AT_ONCE) as client:
        await taken(client, 3, after_position=10)
    assert [request.after_position for request in server.requests("Attach")] == [10, 10]


async def test_a_draining_server_says_goodbye_and_the_desk_comes_back(server: FakeServer) -> None:
    told: list[tuple[str, float]] = []
    server.answers["Attach"] = Scripts([welcome(10), goodbye("DRAINING")], [welcome(11)])
    async with Client(
        server.address, backoff=AT_ONCE, on_interruption=lambda error, pause_s: told.append((error.reason, pause_s))
    ) as client:
        items = await taken(client, 3)
    assert items == [welcome(10), goodbye("DRAINING"), welcome(11)]
    assert told == [("DRAINING", 0.0)]


async def test_a_retry_delay_of_the_server_is_waited_for(server: FakeServer) -> None:
    pauses: list[float] = []
    server.answers["Attach"] = Scripts(
        [welcome(1), RefusedError("UNAVAILABLE", "DRAINING", retry_delay=timedelta(milliseconds=30))], [welcome(2)]
    )
    async with Client(
        server.address, backoff=AT_ONCE, on_interruption=lambda _error, pause_s: pauses.append(pause_s)
    ) as client:
        await taken(client, 2)
    assert pauses == [0.03]


async def test_a_desk_that_was_taken_over_does_not_take_back(server: FakeServer) -> None:
    server.answers["Attach"] = Scripts([welcome(10), goodbye("TAKEN_OVER"), RefusedError("ABORTED", "TAKEN_OVER")], [])
    async with Client(server.address, backoff=AT_ONCE) as client:
        with pytest.raises(errors.TakenOver):
            await taken(client, 3)
    assert len(server.calls) == 1


async def test_a_goodbye_for_good_ends_the_stream(server: FakeServer) -> None:
    server.answers["Attach"] = Scripts([welcome(10), goodbye("LOGGED_OUT")], [])
    async with Client(server.address, backoff=AT_ONCE) as client:
        assert await taken(client, 9) == [welcome(10), goodbye("LOGGED_OUT")]
    assert len(server.calls) == 1


async def test_the_first_attempt_is_not_repeated(server: FakeServer) -> None:
    server.answers["Attach"] = Scripts([RefusedError("UNAVAILABLE")], [])
    async with Client(server.address, backoff=AT_ONCE) as client:
        with pytest.raises(Unreachable):
            await taken(client, 1)
    assert len(server.calls) == 1


async def test_a_refusal_under_way_ends_the_stream(server: FakeServer) -> None:
    server.answers["Attach"] = Scripts(
        [welcome(1), RefusedError("UNAVAILABLE")], [RefusedError("UNAUTHENTICATED", "NOT_AUTHENTICATED")], []
    )
    async with Client(server.address, backoff=AT_ONCE) as client:
        with pytest.raises(errors.NotAuthenticated):
            await taken(client, 2)


async def test_watching_goes_on_after_the_last_answer_that_was_taken(server: FakeServer) -> None:
    def answer(position: int) -> m.WatchResponse:
        return m.WatchResponse(events=[m.Event(position=position)], position=position)

    server.answers["Watch"] = Scripts(
        [answer(3), answer(7), RefusedError("RESOURCE_EXHAUSTED", "SLOW_CONSUMER")], [answer(8)]
    )
    positions = []
    async with (
        Client(server.address, backoff=AT_ONCE) as client,
        aclosing(client.watch(from_start=True, filter="type = InvitePlaced")) as stream,
    ):
        async for item in stream:
            positions.append(item.position)
            if item.position == 8:
                break
    assert positions == [3, 7, 8]
    assert server.requests("Watch") == [
        m.WatchRequest(from_start=True, filter="type = InvitePlaced"),
        m.WatchRequest(after_position=7, filter="type = InvitePlaced"),
    ]


async def test_closing_an_iterator_closes_the_stream_at_the_server(server: FakeServer) -> None:
    server.answers["Attach"] = Scripts([welcome(1)])
    async with Client(server.address) as client:
        await taken(client, 1)
        # Without the call being cancelled this would wait until the client itself is closed.
        assert await asyncio.to_thread(server.ended_streams.acquire, timeout=5)


def test_threads_iterate_over_streams_too(server: FakeServer) -> None:
    server.answers["Attach"] = Scripts(
        [welcome(1), RefusedError("UNAVAILABLE")], [welcome(2), goodbye("LOGGED_OUT")], []
    )
    with SyncClient(server.address, backoff=AT_ONCE) as client:
        assert list(client.attach("agents/ann")) == [welcome(1), welcome(2), goodbye("LOGGED_OUT")]
        server.answers["WatchQueues"] = Scripts([m.WatchQueuesResponse(queues=[m.Queue(name="queues/billing")])])
        for item in client.watch_queues():
            assert item.queues[0].name == "queues/billing"
            break


def test_pauses_grow_up_to_a_bound_and_are_spread_over_the_whole_range() -> None:
    backoff = Backoff(first_s=0.25, max_s=10.0)
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    pauses = [backoff.pause_s(failures, draw) for failures in (1, 2, 3, 6, 7, 10_000)]
    assert pauses == [0.25, 0.5, 1.0, 8.0, 10.0, 10.0]
    assert {low for low, _ in drawn} == {0.0}


def test_errors_say_what_and_why_in_one_line() -> None:
    error = HookflashError("INVITE_PENDING", "An invite is open.")
    assert str(error) == "An invite is open. (INVITE_PENDING)"
