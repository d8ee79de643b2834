"""The story of `story.py` through WhatsApp, Messenger and Instagram, against the fake of Meta over real HTTP.

The fake is at its worst: receipts before its own answer, every callback twice and shuffled, calls refused.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.sdk.messages import Media, MediaKind, MediaRef
from hookflash.sdk.testing.fakes.loopback import loopback_client
from hookflash.sdk.testing.fakes.meta import FakeMeta, fake_meta
from hookflash.sdk.testing.fakes.meta_faults import BadJson, Refused, Resets
from hookflash.sdk.testing.fakes.meta_payloads import signature
from hookflash.sdk.types import AgentId
from tests.actors.running import conversation
from tests.channels.door import Door
from tests.channels.meta_settings import instagram_settings, messenger_settings, whatsapp_settings
from tests.channels.payloads import payload
from tests.channels.story import CHANNEL, SEEN, Customer, StoryWorld, play, story_world

CARL = "16505551234"
RISING = ("SENT", "DELIVERED", "READ")


class MetaCustomer:
    """Carl at the fake; which of the two platforms is the subclass's word."""

    kind = ""
    address = CARL

    def __init__(self, meta: FakeMeta, settings: Mapping[str, str]) -> None:
        self.meta = meta
        self.settings = settings

    def meet(self, door: Door) -> None:
        self.meta.webhook = door.url
        self.meta.clock = door.now

    def saw(self) -> list[str]:
        return [shown.text for shown in self.meta.shown]

    def received(self) -> bytes:
        return self.meta.served.received


class OnWhatsApp(MetaCustomer):
    kind = "whatsapp"
    address = f"US.{CARL}"

    async def says(self, text: str) -> None:
        await self.meta.whatsapp_says(CARL, text)


class OnMessenger(MetaCustomer):
    kind = "messenger"

    async def says(self, text: str) -> None:
        await self.meta.messenger_says(CARL, text)


class OnInstagram(OnMessenger):
    kind = "instagram"


def _customer(kind: str, meta: FakeMeta, folder: Path) -> Customer:
    if kind == "whatsapp":
        return OnWhatsApp(meta, whatsapp_settings(meta.url, folder))
    if kind == "instagram":
        return OnInstagram(meta, instagram_settings(meta.url, folder))
    return OnMessenger(meta, messenger_settings(meta.url, folder))


def _receipts(events: list[object]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for event in events:
        if isinstance(event, e.DeliveryReceived):
            found.setdefault(event.delivery, []).append(event.state)
    return found


def _all_read(meta: FakeMeta, kind: str) -> Callable[[StoryWorld], Awaitable[None]]:
    """Until the last state that is known of every delivery is READ."""

    async def settled(world: StoryWorld) -> None:
        if kind == "messenger":  # A watermark that overtakes the answer says nothing yet; the next one does.
            world.run.clock.advance(1)
            await meta.messenger_reads(CARL)

        def is_so() -> bool:
            receipts = _receipts(world.events())
            return len(receipts) == len(SEEN) and {states[-1] for states in receipts.values()} == {"READ"}

        await world.until(is_so, "every delivery read")

    return settled


@pytest.mark.spec("I7", "R-W3")
@pytest.mark.parametrize("kind", ["whatsapp", "messenger", "instagram"])
async def test_meta_carries_a_conversation_a_conference_and_a_transfer_and_no_whisper(
    kind: str, tmp_path: Path
) -> None:
    async with fake_meta(is_instagram=kind == "instagram") as meta:
        events = await play(_customer(kind, meta, tmp_path), settled=_all_read(meta, kind))
        await meta.settle()
        assert len(meta.calls) == len(SEEN), "nothing went out twice"
        assert {shown.to for shown in meta.shown} == {CARL}, "by his number, which Meta takes for everything"
        ranks = [[RISING.index(state) for state in states] for states in _receipts(events).values()]
        assert all(states == sorted(set(states)) for states in ranks), "states only rise"
        assert set(meta.answers) == {200}


@pytest.mark.parametrize("kind", ["whatsapp", "messenger", "instagram"])
async def test_a_medium_goes_out_through_meta_and_its_echo_is_no_message(kind: str, tmp_path: Path) -> None:
    link = "https://files.example/1.png"
    async with fake_meta(is_instagram=kind == "instagram") as meta:
        customer = _customer(kind, meta, tmp_path)
        async with story_world(customer) as world:
            await customer.says("hello")
            talk = await world.conversation_of(customer.address)
            await world.accept(talk, "ann")
            media = Media(kind=MediaKind.IMAGE, ref=MediaRef(url=link, mime_type="image/png"))
            await world.ask(conversation(talk), c.SendMessage(agent=AgentId("ann"), text="Look", media=media))
            await world.until(lambda: not world.run.engine.outbox.pending(CHANNEL), "everything delivered")
            await meta.settle()
            said = [event.text for event in world.events() if isinstance(event, e.MessageSent)]
        assert said == ["hello", "Look"]
        if kind == "whatsapp":
            assert meta.shown[-1].body["image"] == {"link": link, "caption": "Look"}
        else:
            picture, caption = meta.shown[-2:]
            assert picture.body["message"]["attachment"]["payload"]["url"] == link
            assert caption.text == "Look"


@pytest.mark.parametrize("kind", ["whatsapp", "messenger", "instagram"])
async def test_meta_is_told_what_was_read_by_an_agent_who_accepts_or_types_and_typing_is_shown(
    kind: str, tmp_path: Path
) -> None:
    async with fake_meta(is_instagram=kind == "instagram") as meta:
        customer = _customer(kind, meta, tmp_path)
        async with story_world(customer) as world:
            reads = world.run.engine.signs.reads
            await customer.says("hello")
            talk = await world.conversation_of(customer.address)
            await world.until(lambda: reads.unread(CHANNEL, customer.address), "the first message")
            assert meta.acts == []
            await world.accept(talk, "ann")
            await world.until(lambda: len(meta.acts) == 1, "the mark at the joining")
            await customer.says("anybody there?")
            await world.until(lambda: reads.unread(CHANNEL, customer.address), "the second message")
            world.run.engine.signs.agent(CHANNEL, customer.address, is_typing=True)
            await world.until(lambda: len(meta.acts) >= 3, "the mark and the sign of typing")
        if kind == "whatsapp":
            marks = [(act["status"], act["message_id"], "typing_indicator" in act) for act in meta.acts]
            first, second = marks[0][1], marks[-1][1]
            assert first != second
            assert sorted(marks) == sorted([("read", first, False), ("read", second, False), ("read", second, True)])
        else:
            assert sorted(act["sender_action"] for act in meta.acts) == ["mark_seen", "mark_seen", "typing_on"]


@pytest.mark.spec("I3")
@pytest.mark.parametrize("kind", ["whatsapp", "messenger", "instagram"])
async def test_a_bad_day_at_meta_delays_what_the_customer_sees_and_changes_nothing(kind: str, tmp_path: Path) -> None:
    async with fake_meta(is_instagram=kind == "instagram") as meta:
        faults = [
            Refused(503, 2, "Service temporarily unavailable"),
            Resets(),
            BadJson(),
            Refused(429, 4, "Application request limit reached", headers={"retry-after": "3"}),
            BadJson(502),
            Refused(401, 190, "Invalid OAuth access token."),
        ]
        meta.faults.extend(faults)
        await play(_customer(kind, meta, tmp_path), step_s=0.05)
        await meta.settle()
        assert [shown.text for shown in meta.shown] == list(SEEN)
        assert len(meta.calls) == len(SEEN) + len(faults)


@pytest.mark.parametrize("kind", ["whatsapp", "messenger", "instagram"])
async def test_the_webhook_can_be_subscribed_and_believes_nobody_else(kind: str, tmp_path: Path) -> None:
    async with (
        fake_meta(is_instagram=kind == "instagram") as meta,
        story_world(_customer(kind, meta, tmp_path)) as world,
        loopback_client() as stranger,
    ):
        assert await meta.subscribe() == (200, "1158201444")
        assert (await meta.subscribe("guessed"))[0] == 403
        body = payload("whatsapp", "text")
        assert (await stranger.post(world.door.url, content=body)).status_code == 401
        forged = {"x-hub-signature-256": signature("guessed", body)}
        assert (await stranger.post(world.door.url, content=body, headers=forged)).status_code == 403
        assert world.customer_said() == []
