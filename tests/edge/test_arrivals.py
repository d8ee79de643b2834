"""What an adapter brings is kept before it may forget it, and done once, whoever else is refused meanwhile."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest

from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.commands import Apply
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.values import ChannelSettings
from hookflash.engine.edge import arrivals
from hookflash.engine.edge.inbox_file import ArrivalRow, InboxFile
from hookflash.engine.edge.inbox_rows import row_of
from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.settings import Limits
from hookflash.sdk.channel import Arrival, CustomerAddress, Inbound, Receipt, ReceiptState, Text, Typing
from hookflash.sdk.errors import NotTaken
from hookflash.sdk.types import ChannelId, DeliveryId, ExternalId
from tests.actors.running import WEB
from tests.edge.adapters import Provider, web_adapter
from tests.edge.at_edge import AtEdge, at_edge

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[InboxFile]:
    made = InboxFile(tmp_path / "inbox.sqlite")
    yield made
    made.close()


def _said(key: str, text: str, address: str = "carl", account: str = "") -> Inbound:
    to = CustomerAddress(channel=ChannelId("ignored"), id=address, account=account)
    return Inbound(dedupe_key=key, address=to, content=Text(text=text), at=NOW, external_id=ExternalId(key))


def _texts(world: AtEdge) -> list[str]:
    return [message.text for message in world.events(e.MessageSent) if message.agent is None]


async def _served(world: AtEdge) -> None:
    await world.apply(kind="web")
    await world.host.wait_until_settled()


@pytest.mark.spec("I1", "I2")
async def test_what_the_engine_could_not_do_before_it_stopped_is_done_after_the_next_start_and_once(
    file: InboxFile,
) -> None:
    provider, store = Provider(), MemoryStore()
    async with at_edge(web_adapter(provider), store=store, file=file) as world:
        await world.apply(kind="web", is_external=True)
        await world.host.wait_until_settled()
        world.run.engine.shard.is_draining = True
        settings = world.run.engine.shard.facts.channels()[WEB]
        world.host._want(settings.id, changed(settings, is_external=False))  # noqa: SLF001  Apply is refused by now
        for key in ("one", "two", "one"):
            provider.arrivals.put_nowait(_said(key, key))
        await world.until(provider.arrivals.empty)
        assert _texts(world) == []
    async with at_edge(web_adapter(provider), store=store, file=file) as world:
        await _served(world)
        provider.arrivals.put_nowait(_said("two", "two"))
        provider.arrivals.put_nowait(_said("three", "three"))
        await world.until(lambda: "three" in _texts(world))
        assert _texts(world) == ["one", "two", "three"]
        await world.until_async(lambda: _is_done(file))


async def _is_done(file: InboxFile) -> bool:
    return await file.not_done("web") == []


@pytest.mark.spec("I2")
async def test_what_was_done_and_not_marked_before_a_crash_is_not_done_again(file: InboxFile) -> None:
    provider, store = Provider(), MemoryStore()
    async with at_edge(web_adapter(provider), store=store) as world:
        await _served(world)
        provider.arrivals.put_nowait(_said("one", "one"))
        await world.until(lambda: _texts(world))
    row = row_of(WEB, _said("one", "one"), now=0.0, place="")
    assert row is not None
    await file.keep([row])
    async with at_edge(web_adapter(provider), store=store, file=file) as world:
        await _served(world)
        provider.arrivals.put_nowait(_said("two", "two"))
        await world.until(lambda: _texts(world))
        assert _texts(world) == ["two"]
        await world.until_async(lambda: _is_done(file))


@pytest.mark.spec("I16")
async def test_a_customer_who_is_refused_for_now_holds_up_nobody_else() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider), limits=Limits(command_burst_max=2)) as world:
        await _served(world)
        for number in range(5):
            provider.arrivals.put_nowait(_said(f"k{number}", f"text {number}"))
        provider.arrivals.put_nowait(_said("d", "dora's", address="dora"))
        await world.until(lambda: "dora's" in _texts(world))
        assert "text 2" not in _texts(world)
        await world.pass_until(lambda: len(_texts(world)) == 6, step_s=0.1)
        carls = [text for text in _texts(world) if text != "dora's"]
        assert carls == [f"text {number}" for number in range(5)]


@pytest.mark.spec("I2")
async def test_two_accounts_of_one_channel_may_count_alike() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider)) as world:
        await _served(world)
        for account in ("a", "b", "a"):
            provider.arrivals.put_nowait(_said("1", f"to {account}", account=account))
        provider.arrivals.put_nowait(_said("end", "end"))
        await world.until(lambda: "end" in _texts(world))
        assert _texts(world) == ["to a", "to b", "end"]


async def test_what_an_adapter_takes_by_itself_is_in_its_conversation_when_that_returns() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider), limits=Limits(command_burst_max=2)) as world:
        await _served(world)
        take = provider.contexts[0].take
        await take(_said("1", "one"))
        assert _texts(world) == ["one"]
        await take(_said("1", "one"))
        assert _texts(world) == ["one"]
        with pytest.raises(NotTaken) as caught:
            await take(_said("2", "two"))
        assert (caught.value.reason, caught.value.retry_after_s) == ("RATE_LIMITED", 0.2)
        world.clock.advance(1)
        for wrong, reason in ((_said("3", "  "), "EMPTY_MESSAGE"), ("rubbish", "BAD_FIELD")):
            with pytest.raises(NotTaken) as caught:
                await take(wrong)  # type: ignore[arg-type]
            assert (caught.value.reason, caught.value.retry_after_s) == (reason, None)


async def test_an_adapter_may_take_while_it_starts() -> None:
    class Early(web_adapter(Provider())):  # type: ignore[misc]  # a class made by a function
        async def start(self) -> None:
            await self.context.take(_said("1", "early"))

    async with at_edge(Early) as world:
        await _served(world)
        assert _texts(world) == ["early"]


@pytest.mark.spec("R-G10")
async def test_what_somebody_of_ours_writes_at_the_provider_is_shown_and_goes_nowhere() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider)) as world:
        await world.run.site("ann")
        await world.run.attended("1")
        await world.say("1", "Hello")
        await world.until(lambda: not world.outbox.pending())
        address = "customer 1"
        ours = (sent for sent in world.events(e.DeliverySettled))
        echoes = [
            replace(_said("e1", "Hello", address), is_echo=True, external_id=ExternalId(next(ours).external_id)),
            replace(
                _said("e2", "Hello", address), is_echo=True, delivery_id=DeliveryId("conversations/1/deliveries/2")
            ),
            replace(_said("e3", "From my telephone", address), is_echo=True),
            replace(_said("e4", "To nobody", "stranger"), is_echo=True),
        ]
        for echo in echoes:
            provider.arrivals.put_nowait(echo)
        provider.arrivals.put_nowait(_said("end", "end", address))
        await world.until(lambda: "end" in _texts(world))
        assert _texts(world) == ["From my telephone", "end"]
        (echoed,) = (m for m in world.events(e.MessageSent) if m.text == "From my telephone")
        assert (echoed.role, echoed.delivery) == ("BOT", None)
        assert provider.texts(address)[-1] == "Hello"


async def test_what_a_customer_says_to_another_application_is_shown_where_agents_are_and_calls_none() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider)) as world:
        await _served(world)
        provider.arrivals.put_nowait(replace(_said("1", "To the robot"), is_standby=True))
        provider.arrivals.put_nowait(_said("2", "To people"))
        provider.arrivals.put_nowait(replace(_said("3", "To the robot again"), is_standby=True))
        provider.arrivals.put_nowait(_said("end", "end"))
        await world.until(lambda: "end" in _texts(world))
        assert _texts(world) == ["To people", "To the robot again", "end"]


async def test_a_channels_small_memory_outlives_the_engine_and_goes_with_the_channel(file: InboxFile) -> None:
    provider, store = Provider(), MemoryStore()
    for life in range(3):
        async with at_edge(web_adapter(provider), store=store, file=file) as world:
            await _served(world)
            kept = provider.contexts[-1].store
            if life == 0:
                await kept.put("cursor", "7")
                await kept.put("other", "8")
                await kept.delete("other")
                with pytest.raises(ValueError, match="bytes"):
                    await kept.put("cursor", "x" * 65_537)
            assert [await kept.get(key) for key in ("cursor", "other")] == [None if life == 2 else "7", None]
            if life == 1:
                await world.forget_web()


async def test_no_byte_of_what_was_said_is_left_in_the_files_once_it_is_done(tmp_path: Path) -> None:
    provider, canary = Provider(), "canary-4f1e my card is 4111 1111 1111 1111"

    def is_on_disk() -> bool:
        return any(canary.encode() in path.read_bytes() for path in tmp_path.iterdir())

    file = InboxFile(tmp_path / "inbox.sqlite", quiet_s=0.0)
    async with at_edge(web_adapter(provider), file=file) as world:
        await _served(world)
        world.run.engine.shard.is_draining = True
        for number in range(20):
            provider.arrivals.put_nowait(_said(f"{number}", f"{canary} {number}", address=f"customer {number}"))
        await world.until(is_on_disk)  # It is durable before it is filtered, or nothing could be acknowledged at once.
        world.run.engine.shard.is_draining = False
        await world.pass_until(lambda: len(_texts(world)) == 20)
        await world.until(lambda: not is_on_disk())
        assert await file.not_done("web") == []
    file.close()
    assert not is_on_disk()


async def test_what_was_done_just_before_the_end_leaves_no_byte_either(tmp_path: Path) -> None:
    file = InboxFile(tmp_path / "inbox.sqlite")
    numbers = await file.keep([ArrivalRow("web", "", f"{number}", 1.0, b"canary-4f1e") for number in range(20)])
    await file.mark_done([number for number in numbers if number is not None])
    file.close()
    files = tmp_path.iterdir()  # noqa: ASYNC240  nothing runs any more
    assert not any(b"canary" in path.read_bytes() for path in files)


def test_the_file_is_for_our_eyes_only(tmp_path: Path) -> None:
    InboxFile(tmp_path / "inbox.sqlite").close()
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def _from(key: str, address: str, *aliases: str) -> Inbound:
    to = CustomerAddress(channel=WEB, id=address, aliases=aliases)
    return replace(_said(key, f"text {key}"), address=to)


async def _bring(world: AtEdge, provider: Provider, *brought: Inbound) -> tuple[str, ...]:
    """Bring these and wait until they are on timelines; the other ids of the customer at `+49 1`."""
    await _served(world)
    for arrival in brought:
        provider.arrivals.put_nowait(arrival)
    await world.pass_until(lambda: len(_texts(world)) == len(brought))
    return (await world.edge.aliases.of_channel(WEB)).of("+49 1")  # What deliveries are given.


async def test_a_customer_under_another_id_of_his_is_the_same_one_also_after_a_restart(tmp_path: Path) -> None:
    provider, store = Provider(), MemoryStore()
    file = InboxFile(tmp_path / "inbox.sqlite")
    async with at_edge(web_adapter(provider), store=store, file=file) as world:
        stranger = _from("3", "someone else", "+49 9")
        known = await _bring(world, provider, _from("1", "+49 1"), _from("2", "user.7", "+49 1"), stranger)
        assert known == ("user.7",)
        assert [event.address for event in world.events(e.ConversationOpened)] == ["+49 1", "someone else"]
        clock = world.clock
    file.close()
    file = InboxFile(tmp_path / "inbox.sqlite")
    async with at_edge(web_adapter(provider), store=store, file=file, clock=clock) as world:
        again = (_from("4", "user.7"), _from("5", "user.7", "+49 2", "+49 1"), _from("6", "+49 2"), _from("7", "+49 9"))
        assert await _bring(world, provider, *again) == ("+49 2", "user.7")
        assert world.events(e.ConversationOpened) == []
        await file.forget_channel("web")
        assert await file.aliases("web") == []
    file.close()


async def test_an_alias_leads_to_the_conversation_that_is_open_at_it(tmp_path: Path) -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider), file=InboxFile(tmp_path / "inbox.sqlite")) as world:
        await world.run.site()
        await _served(world)
        await world.run.open("1")  # By a service, at the address that it knows.
        provider.arrivals.put_nowait(_from("1", "user.7", "customer 1"))
        await world.pass_until(lambda: _texts(world))
        assert len(world.events(e.ConversationOpened)) == 1


async def test_a_picked_choice_keeps_its_id_unless_that_cannot_be_one(tmp_path: Path) -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider), file=InboxFile(tmp_path / "inbox.sqlite")) as world:
        await _served(world)
        for number, given in enumerate(("cancel", "x" * 257, "a\nb", 7)):
            content = Text(text=f"title {number}", choice_id=given)  # type: ignore[arg-type]  # rubbish among it
            provider.arrivals.put_nowait(replace(_said(f"{number}", ""), content=content))
        await world.pass_until(lambda: len(_texts(world)) == 4)
        picked = [message.choice_id for message in world.events(e.MessageSent) if message.agent is None]
        assert (_texts(world)[0], picked) == ("title 0", ["cancel", "", "", ""])


@pytest.mark.parametrize("kind", ["receipt", "typing"])
async def test_what_is_no_message_opens_no_conversation(kind: str) -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider)) as world:
        await _served(world)
        to = CustomerAddress(channel=WEB, id="carl")
        receipt = Receipt(dedupe_key="r", state=ReceiptState.READ, at=NOW, external_id=ExternalId("x"), address=to)
        provider.arrivals.put_nowait(receipt if kind == "receipt" else Typing(address=to))
        provider.arrivals.put_nowait(_said("d", "dora's", address="dora"))
        await world.until(lambda: _texts(world))
        assert len(world.events(e.ConversationOpened)) == 1


@pytest.mark.spec("I16")
async def test_an_adapter_that_floods_is_asked_for_no_more_than_is_done_and_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arrivals, "PENDING_MAX", 20)
    brought: list[int] = []

    class Flood(web_adapter(Provider())):  # type: ignore[misc]  # a class made by a function
        kind: ClassVar[str] = "flood"

        async def poll(self) -> AsyncIterator[Arrival]:
            for number in count():
                brought.append(number)
                yield _said(f"f{number}", "flood", address="eve")

    provider, flood = Provider(), ChannelSettings(id=ChannelId("flood"), kind="flood")
    async with at_edge(web_adapter(provider), Flood, limits=Limits(command_burst_max=5)) as world:
        await world.run.run(SITE, Apply(channels=(flood, ChannelSettings(id=WEB, kind="web"))))
        await world.host.wait_until_settled()
        provider.arrivals.put_nowait(_said("1", "hello"))
        await world.until(lambda: "hello" in _texts(world))
        assert len(brought) <= 20 + 5 + 1
        await world.pass_until(lambda: _texts(world).count("flood") >= 10, step_s=0.2)
        assert len(brought) <= 20 + _texts(world).count("flood") + 2
