"""What a customer of a web chat hears when connections break: everything, in order, once."""

import asyncio
import socket
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hookflash.plugins.webchat import connection
from hookflash.plugins.webchat.history import RESUMED_MAX, History, place_of
from hookflash.sdk import Media, MediaKind, MediaRef, Message, Receipt
from hookflash.sdk.testing import RecordedStore, delivery_of
from hookflash.sdk.testing.fakes.loopback import loopback_client
from tests.channels.chat_world import FIRST, PAGE, START, Chat, ChatWorld, Frame, Tab, token


def texts(frames: list[Frame]) -> list[str]:
    return [frame["text"] for frame in frames if frame.get("type") == "message"]


async def test_a_medium_is_shown_by_its_url_also_to_who_comes_later() -> None:
    ref = MediaRef(url="https://files.example/1.png", mime_type="image/png", name="1.png")
    message = Message(sender_name="Ann", text="Look", media=Media(kind=MediaKind.IMAGE, ref=ref))
    async with ChatWorld().served() as chat:
        await chat.adapter.send(delivery_of(message, to="carla"))
        async with chat.visit(after=None) as tab:
            (shown,) = (await tab.next())["events"]
    assert (shown["text"], shown["media"]) == (
        "Look",
        {"kind": "IMAGE", "url": "https://files.example/1.png", "mime_type": "image/png", "name": "1.png"},
    )


async def test_a_reload_shows_what_is_kept_and_a_reconnect_only_what_was_missed() -> None:
    async with ChatWorld().served() as chat:
        for number in (1, 2, 3):
            await chat.say(number, str(number))
        async with chat.visit(after=None) as tab:
            snapshot = await tab.next()
            assert (snapshot["frame"], snapshot["seq"], snapshot["is_complete"]) == ("snapshot", FIRST + 2, True)
            assert [(event["seq"], event["text"]) for event in snapshot["events"]] == [
                *((FIRST, "1"), (FIRST + 1, "2"), (FIRST + 2, "3"))
            ]
        async with chat.visit(after=FIRST) as tab:
            assert [(frame["seq"], frame["text"]) for frame in await tab.take(2)] == [
                (FIRST + 1, "2"),
                (FIRST + 2, "3"),
            ]


async def test_a_restart_of_the_engine_is_a_reconnect() -> None:
    world = ChatWorld()
    async with world.served() as chat, chat.visit() as tab:
        await chat.say(1, "before")
        await tab.take(2)
    async with world.served() as chat:
        await chat.say(2, "between")
        async with chat.visit(after=FIRST) as tab:
            await chat.say(3, "after")
            assert texts(await tab.take(2)) == ["between", "after"]
            await tab.send(frame="ping")
            assert (await tab.next())["frame"] == "pong", "and nothing twice"


@pytest.mark.parametrize("after", [1, FIRST - 2, FIRST + 100])
async def test_a_number_that_cannot_be_gone_on_from_gets_a_snapshot(after: int) -> None:
    async with ChatWorld().served() as chat:
        await chat.say(1, "one")
        async with chat.visit(after=after) as tab:
            snapshot = await tab.next()
            assert (snapshot["frame"], snapshot["seq"], texts(snapshot["events"])) == ("snapshot", FIRST, ["one"])


async def test_what_was_dropped_is_told_by_a_snapshot_that_is_not_complete() -> None:
    async with ChatWorld().served(frames_kept="3") as chat:
        for number in range(1, 6):
            await chat.say(number, str(number))
        async with chat.visit(after=FIRST) as tab:
            snapshot = await tab.next()
            assert (snapshot["is_complete"], texts(snapshot["events"])) == (False, ["3", "4", "5"])
        async with chat.visit(after=FIRST + 1) as tab:
            assert texts(await tab.take(3)) == ["3", "4", "5"]


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_client_is_resumed_from_any_number_whose_successors_are_all_kept_and_from_no_other(
    is_restarted: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    world = ChatWorld()
    async with world.served(frames_kept="3") as chat:
        await _say(chat, 5)
        heard = {} if is_restarted else await _heard_from(chat, range(FIRST - 2, FIRST + 7))
    async with world.served(frames_kept="3") as chat:
        heard = heard or await _heard_from(chat, range(FIRST - 2, FIRST + 7))
    kept, dropped, unknown = ["3", "4", "5"], ("snapshot", False), ("snapshot", False)
    assert heard == {
        **dict.fromkeys((FIRST - 2, FIRST - 1, FIRST), (dropped, kept)),
        FIRST + 1: ("ev", kept),
        FIRST + 2: ("ev", ["4", "5"]),
        FIRST + 3: ("ev", ["5"]),
        FIRST + 4: ("ev", []),
        **dict.fromkeys((FIRST + 5, FIRST + 6), (unknown, kept)),
    }


async def _heard_from(chat: Chat, numbers: range) -> dict[int, object]:
    """What a client hears that comes back with each of these numbers, before the answer to a ping."""
    heard: dict[int, object] = {}
    for after in numbers:
        async with chat.visit(after=after) as tab:
            await tab.send(frame="ping")
            frames = []
            while (frame := await tab.next())["frame"] != "pong":
                frames.append(frame)
            if frames and frames[0]["frame"] == "snapshot":
                heard[after] = ("snapshot", frames[0]["is_complete"]), texts(frames[0]["events"])
            else:
                heard[after] = "ev", texts(frames)
    return heard


async def test_who_missed_more_than_a_socket_takes_at_once_gets_a_snapshot_and_is_not_cut() -> None:
    async with ChatWorld().served(frames_kept="1000") as chat:
        await _say(chat, RESUMED_MAX + 2)
        last = FIRST + RESUMED_MAX + 1
        async with chat.visit(after=last - RESUMED_MAX) as tab:
            assert len(texts(await tab.take(RESUMED_MAX))) == RESUMED_MAX
        async with chat.visit(after=last - RESUMED_MAX - 1) as tab:
            snapshot = await tab.next()
            assert (snapshot["frame"], snapshot["seq"], snapshot["is_complete"]) == ("snapshot", last, True)
            assert len(snapshot["events"]) == RESUMED_MAX + 2
            await chat.say(RESUMED_MAX + 3, "after")
            assert texts([await tab.next()]) == ["after"]


async def test_without_a_socket_an_old_number_gets_a_snapshot_too() -> None:
    async with ChatWorld().served(frames_kept="2") as chat:
        await _say(chat, 4)
        headers = {"origin": PAGE, "authorization": f"Bearer {token()}"}
        async with loopback_client(base_url=f"http://{chat.at}", headers=headers) as http:
            (snapshot,) = (await http.get("/events", params={"after": FIRST})).json()["frames"]
            assert (snapshot["frame"], snapshot["seq"], snapshot["is_complete"]) == ("snapshot", FIRST + 3, False)
            assert texts(snapshot["events"]) == ["3", "4"]
            frames = (await http.get("/events", params={"after": FIRST + 1})).json()["frames"]
            assert [(frame["frame"], frame["seq"]) for frame in frames] == [("ev", FIRST + 2), ("ev", FIRST + 3)]
            assert (await http.get("/events", params={"after": FIRST + 3})).json()["frames"] == []


async def test_a_customer_forgotten_for_room_is_told_that_something_is_missing_and_goes_on_with_higher_numbers() -> (
    None
):
    neighbour = next(name for name in map(str, range(100_000)) if place_of(name) == place_of("carla"))
    world = ChatWorld()
    async with world.served() as chat:
        await chat.say(1, "hello")
        world.now += timedelta(minutes=1)
        for number in range(1, 30):
            await chat.say(number, "x" * 4_096, to=neighbour)
        async with chat.visit(after=FIRST) as tab:
            snapshot = await tab.next()
            assert snapshot == {"frame": "snapshot", "seq": 0, "events": [], "is_complete": False}
            await chat.say(2, "again")
            first = await tab.next()
            assert (first["text"], first["seq"]) == ("again", FIRST + 60_000)
        async with chat.visit(after=FIRST) as tab:
            snapshot = await tab.next()
            assert (texts(snapshot["events"]), snapshot["is_complete"]) == (["again"], False)
        async with chat.visit(after=None) as tab:
            assert (await tab.next())["is_complete"], "of what he never had nothing is known"


async def test_a_delivery_sent_again_is_shown_once_also_after_a_restart() -> None:
    world = ChatWorld()
    async with world.served() as chat:
        assert await chat.say(1, "once") == await chat.say(1, "once")
    async with world.served() as chat, chat.visit(after=FIRST - 1) as tab:
        await chat.say(1, "once")
        await chat.say(2, "twice")
        assert texts(await tab.take(2)) == ["once", "twice"]


async def test_two_tabs_and_one_that_comes_in_the_middle_hear_the_same() -> None:
    async with ChatWorld().served() as chat, chat.visit() as first:
        saying = asyncio.ensure_future(_say(chat, 60))
        await first.next()
        heard = await first.take(20)
        async with chat.visit(after=heard[9]["seq"]) as second:
            heard += await first.take(40)
            resumed = heard[:10] + await second.take(50)
        await saying
        assert texts(heard) == texts(resumed) == [str(number) for number in range(1, 61)]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 12), min_size=1, max_size=5))
async def test_cut_anywhere_in_mid_stream_nothing_is_lost_or_doubled(cuts: list[int]) -> None:
    async with ChatWorld().served() as chat:
        saying = asyncio.ensure_future(_say(chat, 30))
        heard: list[Frame] = []
        while len(heard) < 30:
            count = cuts.pop(0) if cuts else 30
            await _hear(chat, heard, min(count, 30 - len(heard)))
        await saying
        assert texts(heard) == [str(number) for number in range(1, 31)]
        assert [frame["seq"] for frame in heard] == [FIRST + number for number in range(30)]


async def _hear(chat: Chat, heard: list[Frame], count: int) -> None:
    """Hear so many more frames, then lose the connection without a word."""
    async with chat.tab() as tab:
        await tab.send(frame="hello", token=token(), after=heard[-1]["seq"] if heard else None)
        await tab.next()
        while count > 0:
            frame = await tab.next()
            fresh = [{"frame": "ev", **event} for event in frame["events"]] if frame["frame"] == "snapshot" else [frame]
            heard += fresh
            count -= len(fresh)
        tab.ws.transport.abort()


async def _say(chat: Chat, count: int) -> None:
    for number in range(1, count + 1):
        await chat.say(number, str(number))
        await asyncio.sleep(0)


async def test_a_socket_that_takes_nothing_is_cut_and_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_LINE_LENGTH_MAX", 16)
    async with ChatWorld().served(frames_kept="2") as chat, chat.visit() as quick:
        host, port = chat.at.split(":")
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.connect((host, int(port)))
        async with chat.tab(sock=slow, max_queue=1, compression=None) as sleeper:
            await sleeper.send(frame="hello", token=token(), after=FIRST - 1)
            await sleeper.next()
            await quick.next()
            customers, number = chat.adapter._customers, 0  # noqa: SLF001  what is open is not shown elsewhere
            while customers.outlet_count > 1:
                number += 1
                assert number < 2_000, "it was never cut"
                await chat.say(number, f"{number} {'x' * 16_000}")
                frame = await quick.next()
                assert frame["text"].startswith(f"{number} ")
            sleeper.ws.transport.abort()


async def test_without_a_socket_the_same_frames_are_fetched_and_commands_posted() -> None:
    world = ChatWorld()
    async with world.served() as chat:
        headers = {"origin": PAGE, "authorization": f"Bearer {token()}"}
        async with loopback_client(base_url=f"http://{chat.at}", headers=headers) as http:
            await chat.say(1, "one")
            (snapshot,) = (await http.get("/events")).json()["frames"]
            assert (snapshot["frame"], texts(snapshot["events"])) == ("snapshot", ["one"])
            said = {"frame": "cmd", "id": "m1", "name": "say", "args": {"text": "Hello"}}
            assert (await http.post("/commands", json=said)).json() == {"frame": "ok", "id": "m1", "seq": FIRST + 1}
            answer = await http.get("/events", params={"after": snapshot["seq"]})
            assert texts(answer.json()["frames"]) == ["Hello"]
            assert answer.headers["access-control-allow-origin"] == PAGE
            assert [one.state for one in world.taken if isinstance(one, Receipt)] == ["DELIVERED"]
            for wrong in ("x", "-1", "1.5", "9" * 30, "\u0661"):
                assert (await http.get("/events", params={"after": wrong})).status_code == 400
            assert (await http.post("/commands", content=b"{")).status_code == 400
            assert (await http.post("/commands", content=b"x" * 70_000)).status_code == 400
            evil = await http.get("/events", headers={"origin": "https://evil.example"})
            assert evil.status_code == 401
            assert "access-control-allow-origin" not in evil.headers


async def test_the_store_is_bounded_whoever_comes_and_who_was_forgotten_gets_higher_numbers() -> None:
    store = RecordedStore()
    history = History(store, frames_kept=200)
    for number in range(400):
        event = {"type": "message", "text": "\U0001f600" * 4_096, "at": START.isoformat()}
        await history.append("carla", f"d/{number}", event, now=START)
    (value,) = store.values.values()
    assert len(value.encode()) <= 60_000
    backlog = await history.since("carla", None)
    assert (backlog.last, backlog.is_complete, len(backlog.entries)) == (FIRST + 399, False, 3)
    store.values.clear()
    later = START.replace(hour=1)
    entry, is_new = await history.append("carla", "d/400", {"type": "left", "at": later.isoformat()}, now=later)
    assert (entry.seq > backlog.last, is_new) == (True, True)
    assert not (await history.since("carla", backlog.last)).is_resumed


async def test_a_frame_is_kept_before_anybody_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_key: str, _value: str) -> None:
        raise ValueError("no room")

    world = ChatWorld()
    monkeypatch.setattr(world.store, "put", full)
    async with world.served() as chat, chat.visit() as tab:
        with pytest.raises(ValueError, match="no room"):
            await chat.adapter.send(delivery_of("lost?", to="carla"))
        await _silent(tab)


async def _silent(tab: Tab) -> None:
    await tab.send(frame="ping")
    assert [frame["frame"] for frame in await tab.take(2)] == ["snapshot", "pong"]


@pytest.mark.parametrize(("limit", "has_said_hello"), [("_HELLO_S", False), ("_SILENT_S", True)])
async def test_a_socket_that_says_nothing_is_closed(
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    has_said_hello: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    monkeypatch.setattr(connection, limit, 0.05)
    async with ChatWorld().served() as chat, chat.visit() if has_said_hello else chat.tab() as tab:
        assert await tab.closed() == connection.SLOW
        async with chat.tab() as other:
            monkeypatch.undo()
            await other.send(frame="hello", token=token(), after=None)
            assert (await other.next())["id"] == "hello", "his place is free for the next"
