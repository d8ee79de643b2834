"""Where a new conversation goes: by what a plugin chooses and by the hours of queues, answered before the command."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest

from hookflash.engine.domain import events as e
from hookflash.engine.journal.groups import records_of
from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.settings import PluginSettings
from hookflash.sdk.types import Role
from hookflash.v1 import channel_pb2, conversation_pb2, queue_pb2
from tests.server.serving import Refused, Serving, serving

HEAD = 'from hookflash.sdk import *\nfrom hookflash.sdk import hookimpl\n\nSDK_API = ">=1.0,<2"\n'
CLOSED = "We are closed at the moment. Your message has been received"
HOURS = """
from datetime import UTC, datetime
from pathlib import Path

STATE = Path(__file__).with_suffix(".state")

class Mine:
    name = "mine"
    def calendars(self):
        return ("office", "night")
    def state(self, calendar, now):
        said = STATE.read_text()
        if said == "raises":
            raise ValueError
        if said == "rubbish":
            return True
        until = datetime.fromtimestamp(float(said.split()[1]), UTC) if " " in said else None
        return OpenState(is_open=said.startswith("open") and calendar == "office", until=until)

@hookimpl
def hookflash_register(registry):
    registry.hours(Mine())
"""


def _plugins(tmp_path: Path, **bodies: str) -> PluginSettings:
    folder = tmp_path / "plugins"
    folder.mkdir(exist_ok=True)
    for name, body in bodies.items():
        (folder / f"{name}.py").write_text(HEAD + dedent(body), encoding="utf-8")
    return PluginSettings(plugins_dir=folder)


async def _site(served: Serving, *, calendar: str = "", overflow: str = "", overflow_calendar: str = "") -> None:
    await served.admin.call(
        "AdminService/Apply",
        queues=[
            queue_pb2.Queue(name="queues/billing", calendar=calendar, overflow=overflow),
            queue_pb2.Queue(name="queues/late", calendar=overflow_calendar),
        ],
        channels=[channel_pb2.Channel(name="channels/web", kind="web", is_external=True, queue="queues/billing")],
    )


async def _arrives(served: Serving, text: str = "hello", address: str = "carl") -> conversation_pb2.Conversation:
    adapter = await served.client(Role.ADAPTER, "channels/web", channel="web")
    received = await adapter.call(
        "ChannelService/Receive", channel="channels/web", address=address, external_id=f"{address} {text}", text=text
    )
    got: conversation_pb2.Conversation = await served.admin.call(
        "ConversationService/GetConversation", name=received.conversation
    )
    return got


async def _notices(served: Serving, name: str) -> list[str]:
    answer = await served.admin.call("ConversationService/GetTranscript", name=name)
    return [entry.notice.text for entry in answer.entries if entry.WhichOneof("entry") == "notice"]


def _opened(store: MemoryStore) -> list[e.ConversationOpened]:
    facts = [fact for record in records_of(store.groups, 0, None) for fact in record.facts]
    return [fact.event for fact in facts if isinstance(fact.event, e.ConversationOpened)]


async def test_a_word_chooses_the_queue_before_the_channels_own_and_the_record_says_who_chose(tmp_path: Path) -> None:
    store, plugins = MemoryStore(), PluginSettings(tables={"keyword_routing": {"words": "night:late none:nowhere"}})
    async with serving(tmp_path, store=store, plugins=plugins) as served:
        await _site(served)
        chosen = await _arrives(served, "Night, please", "carl")
        own = await _arrives(served, "hello", "kim")
        nowhere = await _arrives(served, "none", "lee")
        assert [one.invite.target.queue for one in (chosen, own, nowhere)] == [
            "queues/late",
            "queues/billing",
            "queues/billing",
        ]
        assert [event.queue_chosen_by for event in _opened(store)] == ["keyword_routing", "", ""]


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError(arrival.text)",
        "raise BaseException(arrival.text)",
        "return 7",
        "return QueueId('nowhere')",
        "return later()",
    ],
)
async def test_a_bad_chooser_has_no_opinion_and_the_next_one_is_asked(body: str, tmp_path: Path) -> None:
    bad = f"""
    async def later():
        return None

    @hookimpl(tryfirst=True)
    def hookflash_choose_queue(arrival, queues):
        {body}
    """
    good = """
    @hookimpl
    def hookflash_choose_queue(queues):
        return next(queue.id for queue in queues if queue.id == "late")
    """
    async with serving(tmp_path, plugins=_plugins(tmp_path, bad=bad, good=good)) as served:
        await _site(served)
        assert (await _arrives(served)).invite.target.queue == "queues/late"
        assert served.engine.plugins.guard.faults == {("bad", "hookflash_choose_queue"): 1}


async def test_a_closed_queue_hands_over_to_its_overflow_queue(tmp_path: Path) -> None:
    store, plugins = MemoryStore(), _plugins(tmp_path, mine=HOURS)
    (tmp_path / "plugins" / "mine.state").write_text("closed")
    async with serving(tmp_path, store=store, plugins=plugins) as served:
        await _site(served, calendar="office", overflow="queues/late")
        got = await _arrives(served)
        assert got.invite.target.queue == "queues/late"
        assert await _notices(served, got.name) == []


@pytest.mark.spec("R-G10")
async def test_with_everything_closed_nobody_is_sought_and_the_customer_is_told_once(tmp_path: Path) -> None:
    store, plugins = MemoryStore(), _plugins(tmp_path, mine=HOURS)
    (tmp_path / "plugins" / "mine.state").write_text("closed")
    async with serving(tmp_path, store=store, plugins=plugins) as served:
        await _site(served, calendar="office", overflow="queues/late", overflow_calendar="night")
        got = await _arrives(served)
        assert got.state == conversation_pb2.CONVERSATION_STATE_UNATTENDED
        await _arrives(served, "anybody there?")
        assert await _notices(served, got.name) == [CLOSED]
        assert [event.closed_queue for event in _opened(store)] == ["billing"]
        made = await served.admin.call(
            "ConversationService/CreateConversation", conversation_id="own", channel="channels/web", address="kim"
        )
        assert made.state == conversation_pb2.CONVERSATION_STATE_UNATTENDED
        # Who names a queue himself knows what he does: the hours advise him in ListQueues and forbid nothing.
        named = await served.opened("named")
        assert named.state == conversation_pb2.CONVERSATION_STATE_QUEUED


async def _state(served: Serving, name: str) -> conversation_pb2.Conversation:
    got: conversation_pb2.Conversation = await served.admin.call("ConversationService/GetConversation", name=name)
    return got


async def _until_routed(served: Serving, *names: str) -> list[str]:
    """The queues in which these conversations are sought, once they are."""
    async with asyncio.timeout(20):
        while True:
            found = [await _state(served, name) for name in names]
            if all(each.invite.name for each in found):
                return [each.invite.target.queue for each in found]


@pytest.mark.spec("INV-1")
async def test_who_came_while_everything_was_closed_is_sought_for_at_the_opening_the_first_one_first(
    tmp_path: Path,
) -> None:
    store, plugins = MemoryStore(), _plugins(tmp_path, mine=HOURS)
    state = tmp_path / "plugins" / "mine.state"
    state.write_text("closed 1")
    async with serving(tmp_path, store=store, plugins=plugins) as served:
        until = served.clock.now() + 40
        state.write_text(f"closed {until}")
        await served.engine.questions.hours.stop()
        await served.engine.questions.hours.start()
        await _site(served, calendar="office", overflow="queues/late", overflow_calendar="night")
        names = []
        for address in ("zoe", "carl", "amy"):
            names.append((await _arrives(served, address=address)).name)
            served.clock.advance(1)
        gone = (await _arrives(served, address="gone")).name
        await served.admin.call("ConversationService/CloseConversation", name=gone)
        state.write_text("open")
        served.clock.advance(36)
        assert [(await _state(served, name)).HasField("invite") for name in names] == [False, False, False]
        served.clock.advance(1)
        assert await _until_routed(served, *names) == ["queues/billing"] * 3
        assert (await _state(served, gone)).state == conversation_pb2.CONVERSATION_STATE_CLOSED
        placed = [
            (record.cause.name, fact.subject.id)
            for record in records_of(store.groups, 0, None)
            for fact in record.facts
            if isinstance(fact.event, e.InvitePlaced)
        ]
        assert placed == [("RouteAfterHours", name.removeprefix("conversations/")) for name in names]
        # Once: what ends unserved is nobody's waiting for an opening any more (R-L2).
        served.clock.advance(served.engine.limits.ttl_s + 61)
        assert [(await _state(served, name)).state for name in names] == [
            conversation_pb2.CONVERSATION_STATE_UNATTENDED
        ] * 3


async def test_it_is_the_overflow_queue_if_that_opens_first_and_also_after_a_restart(tmp_path: Path) -> None:
    store, plugins = (
        MemoryStore(),
        _plugins(tmp_path, mine=HOURS.replace('calendar == "office"', 'calendar == "night"')),
    )
    state = tmp_path / "plugins" / "mine.state"
    state.write_text("closed")
    async with serving(tmp_path, store=store, plugins=plugins) as served:
        await _site(served, calendar="office", overflow="queues/late", overflow_calendar="night")
        name = (await _arrives(served)).name
    state.write_text("open")
    async with serving(tmp_path, store=store, plugins=plugins) as served:
        assert await _until_routed(served, name) == ["queues/late"]


async def test_a_queue_that_loses_its_calendar_is_open_and_one_that_is_waited_for_is_not_deleted(
    tmp_path: Path,
) -> None:
    plugins = _plugins(tmp_path, mine=HOURS)
    (tmp_path / "plugins" / "mine.state").write_text("closed")
    async with serving(tmp_path, plugins=plugins) as served:
        await _site(served, calendar="office")
        name = (await _arrives(served)).name
        with pytest.raises(Refused) as refused:
            await served.admin.call(
                "AdminService/Apply",
                queues=[queue_pb2.Queue(name="queues/late")],
                channels=[channel_pb2.Channel(name="channels/web", kind="web", is_external=True)],
                prune=True,
            )
        assert refused.value.reason == "QUEUE_IN_USE"
        await _site(served)
        assert await _until_routed(served, name) == ["queues/billing"]


async def test_queues_show_their_hours_and_whoever_watches_hears_when_they_change(tmp_path: Path) -> None:
    plugins, state = _plugins(tmp_path, mine=HOURS), tmp_path / "plugins" / "mine.state"
    async with serving(tmp_path, plugins=plugins) as served:
        await served.engine.questions.hours.stop()
        until = served.clock.now() + 30
        state.write_text(f"open {until}")
        await served.engine.questions.hours.start()
        await _site(served, calendar="office")
        viewer = await served.client(Role.VIEWER, "users/kim")
        shown = await viewer.call("QueueService/GetQueue", name="queues/billing")
        assert shown.stats.is_open
        assert shown.stats.open_change_time.ToDatetime(UTC) == datetime.fromtimestamp(until, UTC)
        async with viewer.stream("QueueService/WatchQueues") as watched:
            assert {queue.name: queue.stats.is_open for queue in (await watched.next()).queues} == {
                "queues/billing": True,
                "queues/late": True,
            }
            state.write_text("closed")
            served.clock.advance(30)
            (changed,) = (await watched.next()).queues
            assert (changed.name, changed.stats.is_open) == ("queues/billing", False)
            assert not changed.stats.HasField("open_change_time")


@pytest.mark.parametrize("said", ["raises", "rubbish"])
async def test_without_an_answer_the_last_known_state_holds(said: str, tmp_path: Path) -> None:
    plugins, state = _plugins(tmp_path, mine=HOURS), tmp_path / "plugins" / "mine.state"
    state.write_text("closed")
    async with serving(tmp_path, plugins=plugins) as served:
        hours = served.engine.questions.hours
        await _site(served, calendar="office")
        state.write_text(said)
        await hours.stop()
        await hours.start()
        assert not hours.is_open("office")
        assert served.engine.plugins.guard.faults[("mine", "hours mine state")] == 2
        assert (await _arrives(served)).state == conversation_pb2.CONVERSATION_STATE_UNATTENDED


async def test_a_calendar_that_no_plugin_knows_is_not_applied_and_one_that_is_gone_is_open(tmp_path: Path) -> None:
    store, plugins = MemoryStore(), _plugins(tmp_path, mine=HOURS)
    (tmp_path / "plugins" / "mine.state").write_text("closed")
    async with serving(tmp_path, store=store, plugins=plugins) as served:
        with pytest.raises(Refused) as refused:
            await _site(served, calendar="ofice")
        assert refused.value.reason == "INVALID_SETTING"
        await _site(served, calendar="office")
        assert (await _arrives(served)).state == conversation_pb2.CONVERSATION_STATE_UNATTENDED
    async with serving(tmp_path, store=store) as served:
        shown = await served.admin.call("QueueService/GetQueue", name="queues/billing")
        assert (shown.calendar, shown.stats.is_open) == ("office", True)


async def test_the_bundled_hours_are_read_from_their_file(tmp_path: Path) -> None:
    file = tmp_path / "calendars.toml"
    file.write_text('[never]\ntime_zone = "UTC"\n', encoding="utf-8")
    async with serving(tmp_path, plugins=PluginSettings(tables={"hours": {"file": str(file)}})) as served:
        await _site(served, calendar="never")
        shown = await served.admin.call("QueueService/GetQueue", name="queues/billing")
        assert not shown.stats.is_open


async def test_a_customer_is_told_in_his_own_language_else_the_queues_else_the_channels(tmp_path: Path) -> None:
    texts = {"language": {"fr": {"close.customer.closed": "Fini"}}}
    async with serving(tmp_path, texts=texts) as served:
        await served.admin.call(
            "AdminService/Apply",
            queues=[queue_pb2.Queue(name="queues/billing", locale="fr"), queue_pb2.Queue(name="queues/late")],
            channels=[channel_pb2.Channel(name="channels/web", kind="web", is_external=True, locale="de")],
        )
        said = {}
        ways: dict[str, dict[str, object]] = {
            "own": {"customer": {"profile": {"language": "en"}}},
            "queue": {},
            "channel": {"target": {"queue": "queues/late"}},
        }
        for name, fields in ways.items():
            await served.opened(name, **fields)
            await served.admin.call("ConversationService/CloseConversation", name=f"conversations/{name}")
            (said[name],) = await _notices(served, f"conversations/{name}")
        assert said == {
            "own": "The conversation has been closed",
            "queue": "Fini",
            "channel": "Das Gespräch wurde beendet",
        }
        with pytest.raises(Refused) as refused:
            await served.admin.call("AdminService/Apply", queues=[queue_pb2.Queue(name="queues/late", locale="German")])
        assert refused.value.reason == "INVALID_SETTING"
