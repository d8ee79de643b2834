"""An adapter in a process of its own, against a real server: what comes in, what goes out, and what errors mean."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from hookflash.cli.channel_run import Place, Runner, adapter_of, installed_kinds
from hookflash.cli.channel_run.outgoing import delivery_from
from hookflash.cli.channel_run.probing import Finding, probed
from hookflash.cli.channel_run.store import FileStore
from hookflash.cli.failures import CommandError, ExitCode
from hookflash.sdk.channel import (
    Arrival,
    Capabilities,
    CustomerAddress,
    CustomerLeft,
    Delivery,
    Level,
    Media,
    MediaKind,
    MediaRef,
    Message,
    Receipt,
    ReceiptState,
    Typing,
    Unsupported,
)
from hookflash.sdk.client import Client, HookflashError
from hookflash.sdk.client import messages as m
from hookflash.sdk.errors import Permanent, Transient
from hookflash.sdk.types import DeliveryId, ExternalId, Role
from tests.cli.outside import AT, PATIENCE_S, WEB, running, said
from tests.edge.adapters import Provider, web_adapter
from tests.server.serving import Refused, serving

OWN = """
from hookflash.sdk.channel import PullChannel

class Fax(PullChannel):
    kind = "fax"

def hookflash_register(registry):
    registry.channel(Fax)
"""


@pytest.mark.spec("I3")
async def test_a_conversation_runs_through_an_adapter_outside(tmp_path: Path) -> None:
    provider = Provider()
    async with running(tmp_path, web_adapter(provider)) as talking:
        for brought in (said("1", "hello"), said("1", "hello"), said("2", "again")):
            provider.arrivals.put_nowait(brought)
        conversation = await talking.accepted()
        await talking.say(conversation, "one", "two", "three")
        await talking.until(lambda: "three" in provider.texts("carl"))
        assert [text for text in provider.texts("carl") if text in ("one", "two", "three")] == ["one", "two", "three"]
        async with asyncio.timeout(PATIENCE_S):
            while "again" not in (said_so_far := await talking.transcript(conversation)):
                pass
        assert [text for text in said_so_far if text in ("hello", "again")] == ["hello", "again"]
        provider.arrivals.put_nowait(
            CustomerLeft(dedupe_key="3", address=CustomerAddress(channel=WEB, id="carl"), at=AT)
        )
        arrivals: tuple[Arrival, ...] = (
            Typing(address=CustomerAddress(channel=WEB, id="carl")),
            Receipt(dedupe_key="4", state=ReceiptState.READ, at=AT, external_id=ExternalId("x")),
            Unsupported(
                dedupe_key="5",
                address=CustomerAddress(channel=WEB, id="dora"),
                what="a sticker",
                at=AT,
                external_id=ExternalId("5"),
            ),
        )
        for arrival in arrivals:
            provider.arrivals.put_nowait(arrival)
        second = await talking.accepted()
        assert await talking.transcript(second) == ["(a sticker)"]
    assert (provider.started, provider.stopped) == (1, 1)


def test_a_medium_reaches_an_adapter_outside_as_one_inside() -> None:
    url = "https://files.example/1.png"
    media = m.MessageMedia(kind=m.MediaKind.MEDIA_KIND_IMAGE, url=url, mime_type="image/png", name="1.png", size=9)
    given = m.Delivery(name="conversations/1/deliveries/2", message=m.Message(sender="agents/ann", media=media))
    ref = MediaRef(url=url, mime_type="image/png", name="1.png", size=9)
    expected = Message(sender_name="ann", text="", media=Media(kind=MediaKind.IMAGE, ref=ref))
    assert delivery_from(given, WEB).content == expected
    given.message.media.kind = m.MediaKind.MEDIA_KIND_UNSPECIFIED
    given.message.media.ClearField("size")
    content = delivery_from(given, WEB).content
    assert isinstance(content, Message)
    assert content.media == Media(kind=MediaKind.FILE, ref=replace(ref, size=None))


async def test_what_an_error_means_goes_by_its_class(tmp_path: Path) -> None:
    provider = Provider(answers={"bad": [Permanent("131026", "no such number")], "later": [Transient("503")]})
    async with running(tmp_path, web_adapter(provider)) as talking:
        provider.arrivals.put_nowait(said("1", "hello"))
        conversation = await talking.accepted()
        await talking.say(conversation, "bad", "fine", "later", "last")
        await talking.until(lambda: "later" in provider.texts("carl"))
        await talking.until_sent(provider, "last")
        texts = [text for text in provider.texts("carl") if text in ("bad", "fine", "later", "last")]
        assert texts == ["bad", "fine", "later", "later", "last"], "stepped over, and again before what comes after it"
        timeline = (await talking.served.admin.call("ConversationService/ListTimeline", name=conversation)).entries
        assert any("no such number (131026)" in entry.notice.text for entry in timeline)


@pytest.mark.spec("I3")
async def test_what_is_no_message_of_the_customers_goes_through_as_it_does_inside(tmp_path: Path) -> None:
    provider = Provider()
    async with running(tmp_path, web_adapter(provider)) as talking:
        provider.arrivals.put_nowait(replace(said("0", "To the robot"), is_standby=True))
        provider.arrivals.put_nowait(said("1", "hello"))
        conversation = await talking.accepted()
        await talking.say(conversation, "ours")
        await talking.until(lambda: "ours" in provider.texts("carl"))
        carl = CustomerAddress(channel=WEB, id="carl")
        name = DeliveryId(f"{conversation}/deliveries/2")
        arrivals: tuple[Arrival, ...] = (
            replace(said("2", "ours"), is_echo=True, delivery_id=name),
            replace(said("3", "ours"), is_echo=True, external_id=ExternalId(f"id of {name}")),
            replace(said("4", "From my telephone"), is_echo=True, delivery_id=DeliveryId("of another system")),
            Typing(address=carl),
            Receipt(dedupe_key="5", state=ReceiptState.READ, at=AT, delivery_id=name),
            replace(said("6", "x" * 5000)),
            said("7", "end"),
        )
        for arrival in arrivals:
            provider.arrivals.put_nowait(arrival)
        sign = await talking.desk.until("customer_typing")
        assert (sign.conversation, sign.is_typing) == (conversation, True)
        async with asyncio.timeout(PATIENCE_S):
            while "end" not in (texts := await talking.transcript(conversation)):
                pass
        cut = "x" * 4095 + "\N{HORIZONTAL ELLIPSIS}"
        assert texts == ["hello", "ours", "From my telephone", cut, "end"]
        received = (await talking.served.admin.call("EventService/ListEvents", filter="type = DeliveryReceived")).events
        assert [event.payload["state"] for event in received] == ["READ"]


async def test_a_customers_other_ids_go_in_and_come_back_with_what_is_sent_to_him(tmp_path: Path) -> None:
    provider, reached = Provider(), list[tuple[str, tuple[str, ...]]]()

    async def answering(delivery: Delivery) -> object:
        reached.append((delivery.to.id, delivery.to.aliases))
        return ExternalId("1")

    provider.answering = answering
    async with running(tmp_path, web_adapter(provider)) as talking:
        provider.arrivals.put_nowait(said("1", "hello"))
        conversation = await talking.accepted()
        await talking.until(lambda: reached)
        others = ("carl", "", "x" * 300, *(f"+49 {number}" for number in range(12)))
        renamed = CustomerAddress(channel=WEB, id="user.7", aliases=others)
        provider.arrivals.put_nowait(replace(said("2", "it is me"), address=renamed))
        provider.arrivals.put_nowait(said("3", "again", by="user.7"))
        async with asyncio.timeout(PATIENCE_S):
            while await talking.transcript(conversation) != ["hello", "it is me", "again"]:
                pass
        await talking.say(conversation, "I know")
        await talking.until(lambda: len(reached) == 2)
        known = ("user.7", *(f"+49 {number}" for number in range(9)))
        assert reached == [("carl", ()), ("carl", known)]


async def test_signs_of_agents_reach_the_customer_through_an_adapter_outside_and_its_errors_end_nothing(
    tmp_path: Path,
) -> None:
    provider, shown, errors = Provider(), list[tuple[object, ...]](), [Transient("no"), ValueError("no")]
    may_mark = asyncio.Event()

    class WithSigns(web_adapter(provider)):  # type: ignore[misc]  # a class made by a function
        capabilities: ClassVar[Capabilities] = Capabilities(typing=Level.NATIVE, read=Level.PARTIAL)

        async def typing(self, to: CustomerAddress, is_on: bool) -> None:  # noqa: FBT001  the contract's own
            shown.append((to.id, is_on))
            if errors:
                raise errors.pop(0)

        async def mark_read(self, to: CustomerAddress, external_ids: Sequence[ExternalId]) -> None:
            shown.append((to.id, *external_ids))
            await may_mark.wait()

    async with running(tmp_path, WithSigns) as talking:
        provider.arrivals.put_nowait(replace(said("key 1", "hello"), external_id=ExternalId("mid.1")))
        conversation = await talking.accepted()

        async def types(*, is_typing: bool) -> None:
            before = len(shown)
            async with asyncio.timeout(PATIENCE_S):
                while len(shown) == before:  # The stream of signs may not be open yet, and nothing waits for it.
                    talking.served.clock.advance(1.0)
                    await talking.ann.call("ConversationService/SendTyping", name=conversation, is_typing=is_typing)
                    await asyncio.sleep(0.01)

        async def writes(key: str) -> None:
            provider.arrivals.put_nowait(said(key, key))
            async with asyncio.timeout(PATIENCE_S):
                while key not in await talking.transcript(conversation):
                    pass

        await types(is_typing=True)
        await writes("key 0")
        await talking.say(conversation, "one moment")
        await talking.until(lambda: any(isinstance(sign[1], str) for sign in shown))
        for key in ("key 2", "key 3"):
            await writes(key)
        await talking.say(conversation, "yes?")
        await types(is_typing=False)  # What is told comes in order, so the mark was before it, and found one under way.
        may_mark.set()
        await writes("key 4")
        await talking.say(conversation, "yes")
        await talking.until(lambda: shown[-1][-3:] == ("key 2", "key 3", "key 4"))
        assert [sign for sign in shown if sign in (("carl", True), ("carl", False))][-1] == ("carl", False)


async def test_what_the_adapter_does_not_carry_is_refused_to_the_agent_at_once(tmp_path: Path) -> None:
    provider = Provider()
    adapter = web_adapter(provider)
    adapter.capabilities = Capabilities(choice=Level.REJECT, reply_window_s=3600.0)
    async with running(tmp_path, adapter) as talking:
        provider.arrivals.put_nowait(said("1", "hello"))
        name = await talking.accepted()
        await talking.until(lambda: provider.sent)
        choices = [m.MessageChoice(id="yes", title="Yes")]
        with pytest.raises(Refused) as refused:
            await talking.ann.call("ConversationService/SendMessage", name=name, text="Well?", choices=choices)
        assert refused.value.reason == "CONTENT_NOT_SUPPORTED"
        talking.served.clock.advance(3601.0)
        with pytest.raises(Refused) as refused:
            await talking.say(name, "Still there?")
        assert refused.value.reason == "WINDOW_CLOSED"


@pytest.mark.spec("I3")
async def test_an_echo_that_overtakes_the_answer_to_its_own_sending_is_no_message_in_parts_or_in_one(
    tmp_path: Path,
) -> None:
    provider, may_answer = Provider(), asyncio.Event()

    async def answering(delivery: Delivery) -> object:
        mid = ExternalId(f"mid of {delivery.id}")
        echoed = said(f"echo of {delivery.id}", delivery.content.text)
        provider.arrivals.put_nowait(replace(echoed, is_echo=True, external_id=mid))
        await may_answer.wait()
        return mid

    adapter = web_adapter(provider)
    adapter.capabilities = replace(adapter.capabilities, text_size_max=40)
    async with running(tmp_path, adapter) as talking:
        provider.arrivals.put_nowait(said("1", "hello"))
        conversation = await talking.accepted()
        await talking.until(lambda: provider.sent)
        provider.answering = answering
        await talking.say(conversation, "short", "a longer text that goes out in two parts, both of them echoed")
        await talking.until(lambda: talking.served.engine.echoes.held(WEB))
        may_answer.set()
        provider.arrivals.put_nowait(said("2", "end"))
        await talking.until(lambda: len(provider.sent) == 4)
        async with asyncio.timeout(PATIENCE_S):
            while "end" not in (texts := await talking.transcript(conversation)):
                pass
        assert texts[0] == "hello"
        assert sorted(texts[1:]) == ["a longer text that goes out in two parts, both of them echoed", "end", "short"]


@pytest.mark.spec("I3")
async def test_a_long_text_goes_out_in_parts_and_after_a_failure_from_the_one_that_is_missing(tmp_path: Path) -> None:
    provider = Provider(answers={"two": [Transient("503")]})
    adapter = web_adapter(provider)
    adapter.capabilities = replace(adapter.capabilities, text_size_max=5)
    async with running(tmp_path, adapter) as talking:
        provider.arrivals.put_nowait(said("1", "hello"))
        conversation = await talking.accepted()
        await talking.until(lambda: provider.sent)
        await talking.say(conversation, "one two three")
        await talking.until_sent(provider, "three")
        assert provider.texts("carl")[-4:] == ["one", "two", "two", "three"]


async def test_whatever_an_adapter_raises_or_returns_its_channel_goes_on(tmp_path: Path) -> None:
    provider = Provider(answers={"exit": [SystemExit(1)], "rubbish": [7]})
    async with running(tmp_path, web_adapter(provider)) as talking:
        provider.arrivals.put_nowait(said("1", "hello"))
        conversation = await talking.accepted()
        provider.arrivals.put_nowait(7)  # type: ignore[arg-type]  # no arrival at all
        provider.arrivals.put_nowait(SystemExit(2))
        await talking.say(conversation, "rubbish", "exit", "last")
        await talking.until_sent(provider, "last")
        assert [text for text in provider.texts("carl") if text in ("rubbish", "exit")] == ["rubbish", "exit", "exit"]
        provider.arrivals.put_nowait(said("2", "still here"))
        async with asyncio.timeout(PATIENCE_S):
            while "still here" not in await talking.transcript(conversation):
                pass


async def test_settings_that_do_not_fit_are_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no setting 'color'"):
        async with running(tmp_path, web_adapter(Provider()), color="red"):
            pass


async def test_a_token_of_another_channel_ends_it_with_the_engines_words(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as served:
        await served.site("ann")
        other = await served.client(Role.ADAPTER, "channels/other", channel="other")
        runner = Runner(WEB, web_adapter(Provider()), {}, Place(state=tmp_path / "state.sqlite"))
        async with Client(served.address, token=other.token) as client:
            with pytest.raises(HookflashError, match="ROLE_NOT_ALLOWED"):
                await runner.run(client)


async def test_what_an_adapter_remembers_outlives_the_process_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    store = FileStore(path)
    await store.put("cursor", "7")
    await store.put("cursor", "8")
    await store.put("gone", "x")
    await store.delete("gone")
    with pytest.raises(ValueError, match="65,536 bytes"):
        await store.put("large", "x" * 65_537)
    store.close()
    again = FileStore(path)
    assert (await again.get("cursor"), await again.get("gone")) == ("8", None)
    again.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_any_installed_adapter_is_found_by_its_kind() -> None:
    assert adapter_of("console").kind == "console"
    assert {"console", "telegram", "webhook"} <= set(installed_kinds())
    with pytest.raises(CommandError, match=r"No adapter of kind 'fax' is installed here; there are: .*whatsapp\.$"):
        adapter_of("fax")


def test_an_adapter_is_found_in_a_plugin_that_is_one_file(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(OWN, encoding="utf-8")
    assert adapter_of("fax", file).kind == "fax"
    with pytest.raises(CommandError, match=r"has no adapter of kind 'web'; it has: fax\.$") as absent:
        adapter_of("web", file)
    assert absent.value.code is ExitCode.NOT_FOUND
    file.write_text("import nowhere_at_all\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"does not load: ModuleNotFoundError: No module named 'nowhere_at_all'\.$"):
        adapter_of("fax", file)


async def _probe(kind: str, url: str | None = None, **settings: str) -> dict[str, Finding]:
    channel = m.Channel(name="channels/web", kind=kind, settings=settings)
    return {looked.what: looked.outcome async for looked in probed(channel, url)}


async def test_a_probe_says_what_it_looked_at() -> None:
    ok, failed, skipped = Finding.OK, Finding.FAILED, Finding.SKIPPED
    assert await _probe("console") == {
        "applied": ok,
        "adapter": ok,
        "settings": ok,
        "signature": skipped,
        "provider": skipped,
    }
    assert await _probe("fax") == {"applied": ok, "adapter": failed}
    own = m.Channel(name="channels/web", kind="fax", is_external=True)
    assert [looked.outcome async for looked in probed(own, None)] == [ok, skipped], "a program of one's own serves it"
    assert await _probe("console", colour="red") == {"applied": ok, "adapter": ok, "settings": failed}
    for url, why in (("http://127.0.0.1:9/", "with --allow-private"), ("http://[", "http://[ cannot be reached: ")):
        found = {looked.what: looked async for looked in probed(m.Channel(name="channels/web", kind="console"), url)}
        assert (found["webhook"].outcome, why in found["webhook"].why) == (failed, True)
