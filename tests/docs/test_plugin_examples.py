"""The examples of the reference are plugins that load, do what they say, and keep the contracts that others keep."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from click.testing import CliRunner

from hookflash.engine.plugins import PluginHost, PluginSettings, PluginState
from hookflash.sdk import (
    ArrivalView,
    ConversationView,
    Credentials,
    Denial,
    EngineFacts,
    EventHeader,
    HttpRequest,
    InviteView,
    Principal,
    QueueChoice,
    Role,
    RouteTo,
    Said,
    Secret,
    hooks,
    registry,
)
from hookflash.sdk.messages import Message
from hookflash.sdk.testing import FilterContract, SinkContract, StrategyContract, WebhookContract
from hookflash.sdk.types import ChannelId, ConversationId, InviteId, InviteKind, MediaDomainId, QueueId
from tools import plugin_docs

NAMES = sorted(path.stem for path in plugin_docs.EXAMPLES.glob("*.py"))
CHAT = MediaDomainId("chat")


def example(name: str) -> Any:  # noqa: ANN401 - a plugin's module
    found: ModuleType = import_module(f"docs.examples.plugins.{name}")
    return found


def test_every_example_loads_as_anybodys_plugin_does(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.write_text("4711", encoding="utf-8")
    code.chmod(0o600)
    settings = PluginSettings(plugins_dir=plugin_docs.EXAMPLES, tables={"door_code": {"code": f"file:{code}"}})
    host = PluginHost.load(settings, lambda: 0.0, installed=[])
    try:
        states = {plugin.name: (plugin.state, plugin.reason) for plugin in host.plugins if plugin.name in NAMES}
        assert states == dict.fromkeys(NAMES, (PluginState.LOADED, ""))
    finally:
        host.stop()


def test_every_subject_has_an_example_and_every_example_a_subject() -> None:
    assert {subject.example for subject in plugin_docs.SUBJECTS} == set(NAMES)
    named = {subject.what.__name__ for subject in plugin_docs.SUBJECTS}
    known = {name for name in hooks.__all__ if name.startswith("hookflash_")}
    methods = {name for name in vars(registry.Registry) if not name.startswith("_")} - {"config"}
    assert named == known | methods


class TestSeniorFirst(StrategyContract):
    @pytest.fixture
    def strategy(self) -> Any:  # noqa: ANN401
        return example("senior_first").SeniorFirst()


class TestNoShouting(FilterContract):
    caught = ("WHERE IS MY PARCEL",)

    @pytest.fixture
    def text_filter(self) -> Any:  # noqa: ANN401
        return example("no_shouting").NoShouting()


class TestKeepInMemory(SinkContract):
    @pytest.fixture
    def sink(self) -> Any:  # noqa: ANN401
        return example("keep_in_memory").KeepInMemory()


class TestDoorbell(WebhookContract):
    adapter = example("doorbell").Doorbell
    settings = {"password": "env:PASSWORD"}  # noqa: RUF012 - declared by the contract
    environ = {"PASSWORD": "open sesame"}  # noqa: RUF012 - declared by the contract
    secrets = ("open sesame",)
    signature_header = "x-password"
    signs_the_body = False
    sample = HttpRequest(method="POST", path="/", headers={"x-password": "open sesame"}, body=b"7 carla Anybody there?")
    batch = sample


def test_a_french_greeting_goes_to_the_french_queue_while_that_is_open() -> None:
    choose = example("choose_by_language").hookflash_choose_queue
    bonjour = ArrivalView(channel=ChannelId("web"), kind="web", media_domain=CHAT, address="c", text="Bonjour !")
    french = QueueChoice(id=QueueId("french"), display_name="", media_domain=CHAT, available=1, waiting=0)
    assert choose(arrival=bonjour, queues=[french]) == "french"
    assert choose(arrival=bonjour, queues=[replace(french, is_open=False)]) is None
    assert choose(arrival=replace(bonjour, text="Hello"), queues=[french]) is None


def test_an_unattended_conversation_goes_back_to_its_queue_a_few_times() -> None:
    unattended = example("back_to_the_last_queue").hookflash_unattended
    left = ConversationView(
        id=ConversationId("1"),
        channel=ChannelId("web"),
        media_domain=CHAT,
        opened_at=0.0,
        last_queue=QueueId("billing"),
    )
    assert unattended(conversation=left) == RouteTo(QueueId("billing"))
    assert unattended(conversation=replace(left, transfers=6)) is None
    assert unattended(conversation=replace(left, last_queue=None)) is None


def test_services_may_not_close_and_everybody_else_may() -> None:
    deny = example("services_do_not_close").hookflash_deny
    assert isinstance(deny(principal=Principal(Role.SERVICE, "services/crm"), verb="CloseConversation"), Denial)
    assert deny(principal=Principal(Role.SERVICE, "services/crm"), verb="SendMessage") is None
    assert deny(principal=Principal(Role.AGENT, "agents/ann"), verb="CloseConversation") is None


def test_what_was_offered_most_often_is_served_first() -> None:
    key = example("most_offered_first").MostOfferedFirst().key
    invite = InviteView(
        id=InviteId("i"), kind=InviteKind.ROUTE, target="queues/q", media_domain=CHAT, placed_at=0.0, deadline=9.0
    )
    assert key(replace(invite, offers_made=3)) < key(invite)


async def test_who_knows_the_code_is_a_viewer_and_nobody_else_is_admitted() -> None:
    found = example("door_code")
    door = found.DoorCode(found.Config(code=Secret("4711")))
    assert await door.authenticate(Credentials(token=Secret("4711"))) == Principal(Role.VIEWER, "services/wallboard")
    assert [await door.authenticate(Credentials(token=token)) for token in (None, Secret(""), Secret("471"))] == [
        None
    ] * 3


@pytest.mark.parametrize(
    ("now", "is_open", "until"),
    [
        (datetime(2026, 11, 27, 9, tzinfo=UTC), True, datetime(2026, 11, 27, 17, tzinfo=UTC)),
        (datetime(2026, 11, 27, 8, 59, tzinfo=UTC), False, datetime(2026, 11, 27, 9, tzinfo=UTC)),
        (datetime(2026, 11, 27, 17, tzinfo=UTC), False, datetime(2026, 11, 30, 9, tzinfo=UTC)),
    ],
    ids=["Friday at nine", "a minute before", "Friday at five"],
)
def test_the_office_is_open_on_weekdays_and_says_until_when(now: datetime, is_open: bool, until: datetime) -> None:  # noqa: FBT001
    state = example("office_hours").OfficeHours().state("office", now)
    assert (state.is_open, state.until) == (is_open, until)


def test_watching_counts_what_went_by() -> None:
    watcher = example("count_transfers")
    watcher.hookflash_engine_started(engine=EngineFacts(version="1"))
    for position in (1, 2):
        watcher.hookflash_event(event=EventHeader(kind="Left", address="conversation:1", position=position, at=0.0))
    watcher.hookflash_engine_stopping(reason="stop")
    assert watcher.seen == {"started 1": 1, "Left": 2, "stopped: stop": 1}


def test_a_command_says_pong() -> None:
    pong: click.Command = example("ping").pong
    assert CliRunner().invoke(pong, ["--times", "2"]).output == "pong pong\n"


def test_a_sink_keeps_what_comes_twice_once() -> None:
    found = example("keep_in_memory")
    found.kept.clear()
    batch = [
        Said(
            conversation=ConversationId("1"),
            sequence=number,
            at=0.0,
            content=Message(sender_name="Ann", text=f"{number}"),
        )
        for number in (1, 2)
    ]
    for _ in range(2):
        asyncio.run(found.KeepInMemory().deliver(batch))
    assert found.kept == {("1", 1): "1", ("1", 2): "2"}
