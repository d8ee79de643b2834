"""A web chat over real web sockets: who comes in, what he says and hears, and what he may not."""

import asyncio
from datetime import timedelta

import pytest
from websockets.exceptions import InvalidStatus

from hookflash.plugins.webchat import WebchatConfig, sign_token
from hookflash.sdk import (
    ConfigError,
    CustomerAddress,
    CustomerLeft,
    Inbound,
    NotTaken,
    Receipt,
    Text,
    Typing,
    fill,
)
from hookflash.sdk.testing.fakes.loopback import loopback_client
from hookflash.sdk.types import ChannelId, ExternalId
from tests.channels.chat_world import FIRST, PAGE, SECRET, START, ChatWorld, Frame, token, until

CARLA = CustomerAddress(channel=ChannelId("chat"), id="carla")


async def test_a_customer_who_comes_for_the_first_time_gets_an_empty_snapshot() -> None:
    async with ChatWorld().served() as chat, chat.tab() as tab:
        await tab.send(frame="hello", token=token(), after=None)
        assert await tab.take(2) == [
            {"frame": "ok", "id": "hello", "seq": 0},
            {"frame": "snapshot", "seq": 0, "events": [], "is_complete": True},
        ]


async def test_what_is_said_to_him_comes_numbered_and_without_a_gap() -> None:
    async with ChatWorld().served() as chat, chat.visit() as tab:
        await chat.say(1, "Grüße \U0001f600")
        await chat.notice(2, "Ben has joined")
        at = START.isoformat()
        assert (await tab.take(3))[1:] == [
            {
                "frame": "ev",
                "seq": FIRST,
                "type": "message",
                "from": "agent",
                "name": "Ann",
                "text": "Grüße \U0001f600",
                "at": at,
            },
            {
                "frame": "ev",
                "seq": FIRST + 1,
                "type": "notice",
                "key": "customer.x",
                "text": "Ben has joined",
                "at": at,
            },
        ]


async def test_what_he_says_is_taken_and_shown_in_his_every_tab() -> None:
    world = ChatWorld()
    async with world.served() as chat, chat.visit() as first, chat.visit() as second:
        await first.cmd("m1", "say", text="Hello")
        assert (await first.answer("m1")) == {"frame": "ok", "id": "m1", "seq": FIRST}
        shown = (await second.take(2))[1]
        assert (shown["from"], shown["id"], shown["text"], shown["seq"]) == ("customer", "m1", "Hello", FIRST)
        assert world.taken == [
            Inbound(
                dedupe_key="carla/m1",
                address=CARLA,
                content=Text(text="Hello"),
                at=START,
                external_id=ExternalId("carla/m1"),
                name="Carla",
            )
        ]


async def test_a_command_whose_answer_was_lost_is_done_once() -> None:
    world = ChatWorld()
    async with world.served() as chat:
        async with chat.visit() as tab:
            await tab.cmd("m1", "say", text="Hello")
            await until(lambda: world.taken)
        async with chat.visit() as tab:
            await tab.cmd("m1", "say", text="Hello")
            assert (await tab.answer("m1"))["seq"] == FIRST
            await tab.cmd("m2", "say", text="Still me")
            assert (await tab.answer("m2"))["seq"] == FIRST + 1
        # The engine is asked again under the same key, by which it knows the message.
        assert [arrival.dedupe_key for arrival in world.taken if isinstance(arrival, Inbound)] == [
            *("carla/m1", "carla/m1", "carla/m2")
        ]


async def test_the_ids_of_two_customers_do_not_meet() -> None:
    world = ChatWorld()
    async with world.served() as chat, chat.visit() as carla, chat.visit(customer="dora") as dora:
        for tab in (carla, dora):
            await tab.cmd("1", "say", text="Hello")
            await tab.answer("1")
        keys = {arrival.dedupe_key for arrival in world.taken if isinstance(arrival, Inbound)}
        assert keys == {"carla/1", "dora/1"}


async def test_what_the_engine_does_not_take_is_told_and_shown_nowhere() -> None:
    world = ChatWorld(refusals=[NotTaken("RATE_LIMITED", 1.5), NotTaken("BAD_FIELD")])
    async with world.served() as chat, chat.visit() as tab:
        await tab.cmd("m1", "say", text="Hello")
        assert await tab.answer("m1") == {
            "frame": "err",
            "id": "m1",
            "code": "RATE_LIMITED",
            "text": "You are too fast; try again in a moment.",
            "retry_after_s": 1.5,
        }
        await tab.cmd("m2", "say", text="Hello")
        assert (await tab.answer("m2"))["code"] == "BAD_FIELD"
        await tab.cmd("m1", "say", text="Hello")
        assert (await tab.answer("m1"))["seq"] == FIRST


async def test_typing_goes_both_ways_and_is_kept_nowhere() -> None:
    world = ChatWorld()
    async with world.served() as chat, chat.visit() as tab:
        await tab.next()
        await chat.adapter.typing(CARLA, True)  # noqa: FBT003 - positional by contract
        assert await tab.next() == {"frame": "ev", "type": "typing", "is_on": True}
        await tab.cmd("t1", "typing", is_on=True)
        assert await tab.answer("t1") == {"frame": "ok", "id": "t1"}
        assert world.taken == [Typing(address=CARLA, is_on=True)]
        assert world.store.values == {}


async def test_he_leaves_by_a_command_and_not_by_closing_the_page() -> None:
    world = ChatWorld()
    async with world.served() as chat:
        async with chat.visit() as tab:
            await tab.cmd("m1", "say", text="Hello")
            await tab.answer("m1")
        async with chat.visit(after=FIRST) as tab:
            await tab.cmd("x", "leave")
            assert (await tab.next())["type"] == "left"
            assert await tab.answer("x") == {"frame": "ok", "id": "x", "seq": FIRST + 1}
        assert world.taken[-1] == CustomerLeft(dedupe_key="carla/x", address=CARLA, at=START)
        assert len(world.taken) == 2


def _receipts(world: ChatWorld) -> list[tuple[str | None, str]]:
    return [(one.delivery_id, str(one.state)) for one in world.taken if isinstance(one, Receipt)]


async def test_each_delivery_is_reported_as_delivered_and_as_read_once() -> None:
    world = ChatWorld()
    names = [f"conversations/1/deliveries/{number}" for number in (1, 2, 3)]
    async with world.served() as chat:
        await chat.say(1, "one")
        await chat.say(2, "two")
        assert _receipts(world) == [], "nobody is there"
        async with chat.visit() as tab, chat.visit():
            await chat.say(3, "three")
            await until(lambda: len(_receipts(world)) >= 3)
            await tab.cmd("r", "read", seq=FIRST + 1)
            await tab.answer("r")
        async with chat.visit(after=FIRST) as tab:
            await tab.cmd("r", "read", seq=FIRST + 2)
            await tab.answer("r")
        assert set(_receipts(world)) == {(name, state) for name in names for state in ("DELIVERED", "READ")}
        read = [name for name, state in _receipts(world) if state == "READ"]
        assert read == names


async def test_a_receipt_that_is_not_taken_now_comes_with_the_next() -> None:
    world = ChatWorld(refusals=[NotTaken("DRAINING", 1.0)])
    async with world.served() as chat, chat.visit() as tab:
        await chat.say(1, "one")
        await tab.take(2)
        await until(lambda: not world.refusals)
        await chat.say(2, "two")
        await until(lambda: len(_receipts(world)) == 2)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://shop.example", "https://shop.example:81", None]
)
async def test_another_page_is_not_let_in(origin: str | None) -> None:
    async with ChatWorld().served() as chat:
        with pytest.raises(InvalidStatus) as refused:
            async with chat.tab(origin):
                raise AssertionError("it was let in")
        assert refused.value.response.status_code == 403


async def test_an_app_without_a_page_is_let_in_where_that_is_meant() -> None:
    async with ChatWorld().served(origins="", is_app_allowed="true") as chat, chat.tab(None) as tab:
        await tab.send(frame="hello", token=token())
        assert (await tab.next())["frame"] == "ok"


def _bad_tokens() -> list[object]:
    good = token()
    head, payload, signature = good.split(".")
    other = token("dora").split(".")[1]
    return [
        *(
            "",
            None,
            7,
            {},
            "x",
            "..",
            good[:-1],
            good + "A",
            f"{head}.{other}.{signature}",
            f"hfc2.{payload}.{signature}",
        ),
        *(
            f".{payload}.{signature}",
            f"{good}.",
            sign_token("another secret of another", "carla", START + timedelta(1)),
        ),
        *(sign_token(SECRET, "carla", START), "ä" * 40, "A" * 10_000),
    ]


@pytest.mark.parametrize("given", _bad_tokens())
async def test_a_token_that_is_wrong_or_too_old_lets_nobody_in(given: object) -> None:
    world = ChatWorld()
    async with world.served() as chat:
        async with chat.tab() as tab:
            await tab.send(frame="hello", token=given)
            refusal = await tab.next()
            assert (refusal["frame"], refusal["code"]) == ("err", "BAD_TOKEN")
            assert await tab.closed() == 4401
        async with loopback_client(base_url=f"http://{chat.at}") as http:
            headers = {"origin": PAGE, "authorization": f"Bearer {given}".encode("ascii", "ignore").decode().strip()}
            assert (await http.get("/events", headers=headers)).status_code == 401
        assert world.taken == []


async def test_a_token_of_the_secret_before_is_taken_while_it_is_in_the_settings() -> None:
    older = sign_token("another secret, an older one", "carla", START + timedelta(hours=1))
    async with ChatWorld().served(secret_before="env:BEFORE") as chat, chat.tab() as tab:  # noqa: S106 - a name
        await tab.send(frame="hello", token=older)
        assert (await tab.next())["frame"] == "ok"


async def test_a_socket_ends_with_its_token() -> None:
    world = ChatWorld()
    async with world.served() as chat, chat.visit() as tab:
        world.now += timedelta(hours=1)
        await tab.cmd("m1", "say", text="Hello")
        assert await tab.closed() == 4401
        assert world.taken == []


@pytest.mark.parametrize("customer", ["", "a b", "a/b", "ä", "x" * 129])
def test_a_customer_is_named_by_a_plain_word(customer: str) -> None:
    with pytest.raises(ValueError, match="a customer is named by"):
        sign_token(SECRET, customer, START)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"origins": "shop.example"}, "'origins' has 'shop.example'"),
        ({"origins": "https://shop.example/path"}, "which is none"),
        ({"origins": "*"}, "which is none"),
        ({}, "nobody could come in"),
        ({"origins": PAGE, "secret": "env:SHORT"}, "at least 16 characters"),
        ({"origins": PAGE, "sockets_max": 0}, "limits must be above 0"),
        ({"origins": PAGE, "secret": SECRET}, "is secret"),
    ],
)
def test_settings_that_would_let_nobody_or_anybody_in_are_refused(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        fill(WebchatConfig, {"secret": "env:SECRET", **settings}, environ={"SECRET": SECRET, "SHORT": "short"})


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        "[]",
        "null",
        '"x"',
        '{"frame": "say"}',
        '{"frame": "cmd", "id": 1, "name": "say"}',
        '{"frame": "cmd", "id": "a b", "name": "say"}',
        '{"frame": "cmd", "id": "a", "name": "say", "args": []}',
        '{"frame": "cmd", "id": "a", "name": "say", "args": {"text": 7}}',
        '{"frame": "cmd", "id": "a", "name": "whisper", "args": {"text": "x"}}',
        '{"frame": "cmd", "id": "a", "name": "read", "args": {"seq": -1}}',
        '{"frame": "cmd", "id": "a", "name": "read", "args": {"seq": 1.5}}',
        '{"frame": "cmd", "id": "a", "name": "read", "args": {"seq": true}}',
        '{"frame": "hello", "token": "x"}',
        "[" * 20_000,
    ],
)
async def test_a_frame_that_cannot_be_read_is_answered_and_changes_nothing(frame: str) -> None:
    world = ChatWorld()
    async with world.served() as chat, chat.visit() as tab:
        await tab.next()
        await tab.ws.send(frame)
        refusal: Frame = await tab.next()
        assert (refusal["frame"], refusal["code"]) == ("err", "BAD_FRAME")
        await tab.send(frame="ping")
        assert await tab.next() == {"frame": "pong"}
        assert world.taken == []


@pytest.mark.parametrize(
    ("frames", "code"),
    [(["{"] * 11, 4400), (["x" * 66_000], 1009), ([b"{}"], 4400), (['{"frame": "ping"}'] * 101, 4429)],
)
async def test_whoever_goes_on_with_rubbish_or_floods_is_cut(frames: list[str | bytes], code: int) -> None:
    async with ChatWorld().served() as chat, chat.visit() as tab:
        for frame in frames:
            await tab.ws.send(frame)
        assert await tab.closed() == code


async def test_the_first_frame_is_hello() -> None:
    async with ChatWorld().served() as chat, chat.tab() as tab:
        await tab.cmd("m1", "say", text="Hello")
        assert (await tab.next())["text"] == "the first frame is hello"
        assert await tab.closed() == 4400


async def test_a_text_that_is_too_long_is_refused_whole() -> None:
    async with ChatWorld().served() as chat, chat.visit() as tab:
        await tab.cmd("m1", "say", text="x" * 4_097)
        assert (await tab.answer("m1"))["code"] == "MESSAGE_TOO_LONG"
        await tab.cmd("m2", "say", text="\U0001f600" * 4_096)
        assert (await tab.answer("m2"))["frame"] == "ok"


async def test_a_customer_who_is_too_fast_is_told_when_to_go_on_in_all_his_tabs() -> None:
    world = ChatWorld()
    async with (
        world.served(commands_per_s="2", command_burst="3") as chat,
        chat.visit() as one,
        chat.visit() as two,
        chat.visit(customer="dora") as dora,
    ):
        for number, tab in enumerate((one, two, one)):
            await tab.cmd(f"m{number}", "say", text="Hello")
            assert (await tab.answer(f"m{number}"))["frame"] == "ok"
        await two.cmd("m4", "say", text="Hello")
        refusal = await two.answer("m4")
        assert (refusal["code"], refusal["retry_after_s"]) == ("RATE_LIMITED", 0.5)
        await dora.cmd("m1", "say", text="Hello")
        assert (await dora.answer("m1"))["frame"] == "ok"
        world.now += timedelta(seconds=0.5)
        await two.cmd("m4", "say", text="Hello")
        assert (await two.answer("m4"))["frame"] == "ok"


async def test_one_tab_too_many_ends_the_oldest() -> None:
    async with (
        ChatWorld().served(sockets_per_customer_max="2") as chat,
        chat.visit() as first,
        chat.visit() as second,
        chat.visit(),
    ):
        assert await first.closed() == 4409
        await second.send(frame="ping")
        assert (await second.take(2))[-1] == {"frame": "pong"}


async def test_a_full_house_asks_to_come_again() -> None:
    async with ChatWorld().served(sockets_max="1") as chat, chat.visit(), chat.tab() as late:
        assert await late.closed() == 1013


async def test_a_text_that_is_no_unicode_is_answered_and_harms_nobody() -> None:
    world = ChatWorld()
    async with world.served() as chat, chat.visit() as tab:
        await tab.ws.send('{"frame": "cmd", "id": "m1", "name": "say", "args": {"text": "\\ud800"}}')
        assert (await tab.answer("m1"))["code"] == "UNAVAILABLE"
        await tab.cmd("m2", "say", text="Hello")
        assert (await tab.answer("m2"))["frame"] == "ok"
        assert "ud800" not in str(world.log.entries)


async def test_stopping_ends_every_socket_and_leaves_no_task() -> None:
    world = ChatWorld()
    async with world.served() as chat, chat.visit() as tab:
        before = len(asyncio.all_tasks())
        await chat.adapter.stop()
        assert await tab.closed() == 1001
        await until(lambda: len(asyncio.all_tasks()) < before)
