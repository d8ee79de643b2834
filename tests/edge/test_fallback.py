"""What a channel cannot carry goes out as what it can, whole, in order, and once."""

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from hookflash.engine.domain import events as e
from hookflash.engine.domain.commands import SendMessage
from hookflash.engine.edge.inbox_file import InboxFile
from hookflash.engine.journal.memory import MemoryStore
from hookflash.sdk.channel import (
    Capabilities,
    CustomerAddress,
    CustomerNotice,
    Delivery,
    Idempotency,
    Level,
    Message,
    Receipt,
    ReceiptState,
    TextUnit,
)
from hookflash.sdk.errors import Permanent, Transient
from hookflash.sdk.hosting.fallback import parts_of
from hookflash.sdk.messages import Choice, Media, MediaKind, MediaRef, Template
from hookflash.sdk.types import ConversationId, DeliveryId
from tests.actors.running import WEB, conversation
from tests.edge.adapters import Provider, web_adapter
from tests.edge.at_edge import ANN, AtEdge, at_edge
from tests.edge.hook import NOW

YES_NO = (Choice(id="y", title="Yes, please"), Choice(id="n", title="No"))
TEMPLATE = Template(name="hello", language="de", values=("Carl",))
URL = "https://files.example/1.png"
PICTURE = Media(kind=MediaKind.IMAGE, ref=MediaRef(url=URL, mime_type="image/png", size=1_000))


def _delivery(content: Message | CustomerNotice) -> Delivery:
    return Delivery(
        id=DeliveryId("conversations/1/deliveries/2"),
        conversation=ConversationId("1"),
        sequence=2,
        to=CustomerAddress(channel=WEB, id="carl"),
        content=content,
    )


def _said(text: str = "Shall we?", choices: tuple[Choice, ...] = (), template: Template | None = None) -> Delivery:
    return _delivery(Message(sender_name="Ann", text=text, choices=choices, template=template))


def _picture(caption: str) -> Delivery:
    return _delivery(Message(sender_name="Ann", text=caption, media=PICTURE))


def test_what_a_channel_carries_goes_out_as_it_is() -> None:
    able = Capabilities(choice=Level.NATIVE, choices_max=2, choice_title_size_max=11, template=Level.NATIVE)
    for delivery in (_said(), _said(choices=YES_NO), _said(template=TEMPLATE)):
        assert parts_of(delivery, able) == (delivery,)


@pytest.mark.parametrize(
    "able",
    [
        Capabilities(choice=Level.FALLBACK),
        Capabilities(choice=Level.NATIVE, choices_max=1),
        Capabilities(choice=Level.NATIVE, choice_title_size_max=10),
    ],
)
def test_choices_that_it_does_not_carry_become_numbered_lines(able: Capabilities) -> None:
    (part,) = parts_of(_said(choices=YES_NO), able)
    assert part.content == Message(sender_name="Ann", text="Shall we?\n\n1. Yes, please\n2. No")
    assert part.id == "conversations/1/deliveries/2"


def test_what_is_to_be_dropped_is_dropped_and_a_template_that_is_not_carried_is_its_text() -> None:
    (part,) = parts_of(_said(choices=YES_NO), Capabilities(choice=Level.DROP))
    assert part.content == Message(sender_name="Ann", text="Shall we?")
    (part,) = parts_of(_said(template=TEMPLATE), Capabilities(template=Level.FALLBACK))
    assert part.content == Message(sender_name="Ann", text="Shall we?")


@pytest.mark.parametrize(
    "able",
    [
        Capabilities(),
        Capabilities(image=Level.REJECT),
        Capabilities(file=Level.NATIVE),
        Capabilities(image=Level.NATIVE, media_size_max={"image/*": 999}),
        Capabilities(image=Level.NATIVE, media_size_max={"*/*": 999}),
        Capabilities(image=Level.NATIVE, media_size_max={"image/jpeg": 9_999, "*/*": 0}),
    ],
    ids=["fallback", "rejected outside the engine", "another kind", "too large", "larger than any", "not this type"],
)
def test_a_medium_that_it_does_not_carry_becomes_a_link(able: Capabilities) -> None:
    (part,) = parts_of(_picture("Your order"), able)
    assert part.content == Message(sender_name="Ann", text=f"Your order\n{URL}")
    (part,) = parts_of(_picture(""), able)
    assert part.content == Message(sender_name="Ann", text=URL)


def test_a_medium_that_it_carries_goes_out_as_it_is_with_as_long_a_caption_as_it_takes() -> None:
    able = Capabilities(
        image=Level.PARTIAL,
        text_size_max=8,
        caption_size_max={MediaKind.IMAGE: 10},
        media_size_max={"image/*": 1_000},
    )
    for caption in ("", "Your order"):
        assert parts_of(_picture(caption), able) == (_picture(caption),)
    parts = parts_of(_picture("Your orders"), able)
    assert [part.id.rpartition("/")[2] for part in parts] == ["2#1", "2#2", "2#3"]
    assert [part.content for part in parts] == [
        Message(sender_name="Ann", text="", media=PICTURE),
        Message(sender_name="Ann", text="Your"),
        Message(sender_name="Ann", text="orders"),
    ]
    alone, text = parts_of(_picture("x"), Capabilities(image=Level.NATIVE))
    assert (alone.content, text.content.text) == (Message(sender_name="Ann", text="", media=PICTURE), "x")


def test_a_medium_is_dropped_where_the_channel_says_so_unless_nothing_would_be_left() -> None:
    (part,) = parts_of(_picture("Your order"), Capabilities(image=Level.DROP))
    assert part.content == Message(sender_name="Ann", text="Your order")
    (part,) = parts_of(_picture(""), Capabilities(image=Level.DROP))
    assert part.content == Message(sender_name="Ann", text=URL)


def test_a_long_text_goes_out_in_parts_with_names_of_their_own_and_its_choices_with_the_last() -> None:
    able = Capabilities(text_size_max=10, choice=Level.NATIVE)
    parts = parts_of(_said("one two three four", choices=YES_NO), able)
    sent = [(part.id.rpartition("/")[2], part.content.text) for part in parts]
    assert sent == [("2#1", "one two"), ("2#2", "three four")]
    assert [isinstance(part.content, Message) and part.content.choices for part in parts] == [(), YES_NO]
    notices = parts_of(_delivery(CustomerNotice(key="k", text="one two three four")), able)
    assert [part.content for part in notices] == [
        CustomerNotice(key="k", text="one two"),
        CustomerNotice(key="k", text="three four"),
    ]


def test_a_type_that_is_not_taken_is_a_link_of_whatever_size_and_one_that_nobody_named_is_tried() -> None:
    able = Capabilities(image=Level.NATIVE, media_size_max={"image/jpeg": 10, "*/*": 0})
    for mime_type, is_carried in (("image/png", False), ("image/jpeg", True), ("", True)):
        medium = Media(kind=MediaKind.IMAGE, ref=MediaRef(url=URL, mime_type=mime_type))
        (part,) = parts_of(_delivery(Message(sender_name="Ann", text="", media=medium)), able)
        assert isinstance(part.content, Message)
        assert (part.content.media is not None) is is_carried


SIGNS = "ab \n\u0301\u200d\U0001f468\U0001f469\U0001f1e9\U0001f1ea"


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from(SIGNS), max_size=120), st.integers(12, 30), st.sampled_from(TextUnit))
def test_a_cut_loses_nothing_but_space_and_goes_through_no_grapheme(text: str, size_max: int, unit: TextUnit) -> None:
    text = f"x{text}"
    able = Capabilities(text_size_max=size_max, text_unit=unit)
    parts = [part.content.text for part in parts_of(_said(text), able)]
    assert all(0 < unit.size_of(part) <= size_max for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
    ends = {found.end(): unit.size_of(found[0]) for found in regex.finditer(r"\X", text)}
    if max(ends.values()) <= size_max:
        at = 0
        for part in parts:
            at = text.index(part, at) + len(part)
            assert at in ends or text[at].isspace()


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (TextUnit.CHARACTER, ["\u00e4\U0001f600\u00e4\U0001f600", "\u00e4\U0001f600"]),
        (TextUnit.UTF16, ["\u00e4\U0001f600\u00e4", "\U0001f600\u00e4", "\U0001f600"]),
        (TextUnit.BYTE, ["\u00e4", "\U0001f600", "\u00e4", "\U0001f600", "\u00e4", "\U0001f600"]),
    ],
)
def test_a_text_is_measured_as_the_provider_measures_it(unit: TextUnit, expected: list[str]) -> None:
    parts = parts_of(_said("\u00e4\U0001f600" * 3), Capabilities(text_size_max=4, text_unit=unit))
    assert [part.content.text for part in parts] == expected
    captioned = Capabilities(image=Level.NATIVE, text_unit=unit, caption_size_max={MediaKind.IMAGE: 2})
    assert len(parts_of(_picture("\u00e4\U0001f600"), captioned)) == (1 if unit is TextUnit.CHARACTER else 2)


class _Channel:
    """An engine whose channel can so much."""

    def __init__(self, provider: Provider, **able: object) -> None:
        self.adapter = type("Able", (web_adapter(provider),), {"capabilities": Capabilities(**able)})  # type: ignore[arg-type]


async def _talking(world: AtEdge) -> None:
    await world.run.site("ann")
    await world.host.wait_until_settled()
    await world.run.attended("1")
    await world.until(lambda: not world.outbox.pending())


@pytest.mark.spec("I3")
async def test_the_parts_of_one_delivery_go_out_in_order_and_after_a_failure_from_the_one_that_is_missing() -> None:
    provider = Provider()
    provider.answers["two"] = [Transient("reset")]
    async with at_edge(_Channel(provider, text_size_max=5).adapter) as world:
        await _talking(world)
        del provider.sent[:]
        await world.say("1", "one two three four")
        await world.pass_until(lambda: not world.outbox.pending())
        assert [text for _, text, _ in provider.sent] == ["one", "two", "two", "three", "four"]
        settled = world.events(e.DeliverySettled)[-1]
        assert settled.external_id == f"id of conversations/1/deliveries/{settled.delivery}#4"


@pytest.mark.spec("I3")
async def test_after_a_restart_no_part_that_is_out_goes_out_again() -> None:
    provider, store, file = Provider(), MemoryStore(), InboxFile(None)
    provider.answers["two"] = [Transient("reset")] * 100
    adapter = _Channel(provider, text_size_max=5).adapter
    async with at_edge(adapter, store=store, file=file) as world:
        await _talking(world)
        del provider.sent[:]
        await world.say("1", "one two three")
        await world.until(lambda: [text for _, text, _ in provider.sent] == ["one", "two"])
    provider.answers.clear()
    async with at_edge(adapter, store=store, file=file) as world:
        await world.host.wait_until_settled()
        await world.pass_until(lambda: not world.outbox.pending())
    assert [text for _, text, _ in provider.sent] == ["one", "two", "two", "three"]
    file.close()


async def test_choices_and_templates_reach_the_adapter_as_they_were_given() -> None:
    provider, got = Provider(), []

    async def answer(delivery: Delivery) -> object:
        got.append(delivery.content)
        return delivery.id

    async with at_edge(_Channel(provider, choice=Level.NATIVE, template=Level.NATIVE).adapter) as world:
        await _talking(world)
        provider.answering = answer
        command = SendMessage(agent=ANN, text="Shall we?", choices=YES_NO, template=TEMPLATE)
        await world.run.run(conversation("1"), command)
        await world.until(lambda: not world.outbox.pending())
        assert got == [Message(sender_name="Ann", text="Shall we?", choices=YES_NO, template=TEMPLATE)]


@pytest.mark.parametrize(
    ("able", "expected"),
    [
        ({"image": Level.NATIVE, "caption_size_max": {MediaKind.IMAGE: 100}}, [("Your order", PICTURE)]),
        ({"image": Level.NATIVE}, [("", PICTURE), ("Your order", None)]),
        ({}, [(f"Your order\n{URL}", None)]),
    ],
    ids=["with its caption", "before its caption", "as a link"],
)
async def test_a_medium_reaches_the_adapter_as_what_its_channel_carries(
    able: dict[str, object], expected: list[tuple[str, Media | None]]
) -> None:
    provider, got = Provider(), []

    async def answer(delivery: Delivery) -> object:
        assert isinstance(delivery.content, Message)
        got.append((delivery.content.text, delivery.content.media))
        return delivery.id

    async with at_edge(_Channel(provider, **able).adapter) as world:
        await _talking(world)
        provider.answering = answer
        await world.run.run(conversation("1"), SendMessage(agent=ANN, text="Your order", media=PICTURE))
        await world.until(lambda: not world.outbox.pending())
    assert got == expected


async def test_an_account_sends_no_faster_than_its_provider_allows() -> None:
    provider = Provider()
    async with at_edge(_Channel(provider, rate_per_s=2.0).adapter) as world:
        await world.run.site("ann")
        await world.host.wait_until_settled()
        await world.run.attended("1")
        await world.run.attended("2")
        await world.say("1", "one", "two")
        await world.say("2", "one", "two")
        await world.pass_until(lambda: not world.outbox.pending(), step_s=0.1)
        assert len(provider.at) > 4
        gaps = [later - earlier for earlier, later in zip(provider.at, provider.at[2:], strict=False)]
        assert min(gaps) >= 0.99, "in no second more than two"


@pytest.mark.spec("I3")
@pytest.mark.parametrize("is_told", [True, False])
async def test_a_send_whose_answer_was_lost_waits_for_a_callback_that_names_it(is_told: bool) -> None:  # noqa: FBT001  a parameter of the test
    provider = Provider()
    provider.answers["Hello"] = [Transient("the answer was lost")]
    async with at_edge(_Channel(provider, idempotency=Idempotency.RELINK).adapter) as world:
        await _talking(world)
        await world.say("1", "Hello")
        await world.until(lambda: provider.texts("customer 1")[-1] == "Hello")
        began = world.clock.now()
        name = DeliveryId("conversations/1/deliveries/2")
        if is_told:
            receipt = Receipt(dedupe_key="r", state=ReceiptState.SENT, at=NOW, delivery_id=name, external_id="wamid")  # type: ignore[arg-type]
            provider.arrivals.put_nowait(receipt)
        await world.pass_until(lambda: not world.outbox.pending())
        assert world.clock.now() - began >= 10
        assert provider.texts("customer 1").count("Hello") == (1 if is_told else 2)
        assert world.events(e.DeliverySettled)[-1].external_id == ("wamid" if is_told else f"id of {name}")


@pytest.mark.spec("I3")
async def test_a_callback_that_names_one_part_says_nothing_of_those_after_it() -> None:
    provider = Provider()
    provider.answers = {"two": [Transient("the answer was lost")]}
    async with at_edge(_Channel(provider, idempotency=Idempotency.RELINK, text_size_max=5).adapter) as world:
        await _talking(world)
        del provider.sent[:]
        await world.say("1", "one two three")
        await world.until(lambda: [text for _, text, _ in provider.sent] == ["one", "two"])
        for number in (2, 1):
            name = DeliveryId(f"conversations/1/deliveries/2#{number}")
            receipt = Receipt(dedupe_key=name, state=ReceiptState.SENT, at=NOW, delivery_id=name, external_id="wamid")  # type: ignore[arg-type]
            provider.arrivals.put_nowait(receipt)
        await world.pass_until(lambda: not world.outbox.pending())
        assert [text for _, text, _ in provider.sent] == ["one", "two", "three"]


async def test_an_error_that_an_admin_has_to_see_to_is_told_once_until_something_goes_out() -> None:
    provider = Provider()
    alarming = Permanent("131042", "no way to pay", is_alarming=True)
    provider.answers = {"a": [alarming], "b": [alarming], "d": [alarming]}
    async with at_edge(_Channel(provider).adapter) as world:
        await _talking(world)
        await world.say("1", "a", "b", "c", "d")
        await world.until(lambda: not world.outbox.pending())
        assert [fault[2] for fault in world.plugins.faults] == ["no way to pay (131042)"] * 2
