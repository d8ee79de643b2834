"""Channels are served from when they are applied until they are changed or deleted, whatever their adapters do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest

from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.commands import AcceptOffer, Apply
from hookflash.engine.domain.values import ChannelSettings, QueueSettings
from hookflash.engine.edge.adapter_host import ChannelState
from hookflash.engine.settings import Limits
from hookflash.sdk.channel import (
    Arrival,
    CustomerAddress,
    CustomerLeft,
    Delivery,
    Inbound,
    PullChannel,
    Receipt,
    ReceiptState,
    Text,
    Unsupported,
)
from hookflash.sdk.errors import AuthExpired
from hookflash.sdk.types import ChannelId, ExternalId
from tests.actors.running import BILLING, WEB, conversation
from tests.edge.adapters import Provider, web_adapter
from tests.edge.at_edge import AtEdge, at_edge

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _said(key: str, text: str, address: str = "carl") -> Inbound:
    to = CustomerAddress(channel=ChannelId("ignored"), id=address)
    return Inbound(
        dedupe_key=key, address=to, content=Text(text=text), at=NOW, external_id=ExternalId(key), name="Carl"
    )


def _said_by_customers(world: AtEdge) -> list[str]:
    found = world.events(e.MessageSent)
    return [m.text for m in found if m.agent is None]


async def _applied(world: AtEdge, channel: ChannelSettings) -> None:
    await world.run.run(SITE, Apply(queues=(QueueSettings(id=BILLING),), channels=(channel,)))
    await world.host.wait_until_settled()


async def test_a_channel_is_served_from_when_it_is_applied_changed_with_it_and_stopped_with_it() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider)) as world:
        await _applied(world, ChannelSettings(id=WEB, kind="web"))
        assert (provider.started, provider.stopped) == (1, 0)
        await _applied(world, ChannelSettings(id=WEB, kind="web", settings={"colour": "pink"}))
        assert (provider.started, provider.stopped) == (2, 1)
        first, second = provider.contexts
        assert first.run_id != second.run_id
        await _applied(world, ChannelSettings(id=WEB, kind="web", is_external=True))
        assert (provider.started, provider.stopped) == (2, 2)
        assert world.host.reports == {}
        await _applied(world, ChannelSettings(id=WEB, kind="web"))
        await world.run.run(SITE, Apply(channels=(ChannelSettings(id=ChannelId("other")),), prune=True))
        await world.host.wait_until_settled()
        assert (provider.started, provider.stopped) == (3, 3)


async def test_channels_that_nobody_here_speaks_for_and_external_ones_are_left_to_others() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider)) as world:
        external = ChannelSettings(id=WEB, kind="web", is_external=True)
        assert world.host.serves(ChannelSettings(id=WEB, kind="web"))
        assert not world.host.serves(external)
        assert not world.host.serves(ChannelSettings(id=WEB, kind="sms"))
        assert not world.host.serves(ChannelSettings(id=WEB))
        await _applied(world, external)
        assert provider.started == 0


async def test_settings_that_do_not_fit_fail_the_channel_with_the_reason_until_it_is_applied_again() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider)) as world:
        await _applied(world, ChannelSettings(id=WEB, kind="web", settings={"color": "pink"}))
        report = world.host.reports[WEB]
        assert report.state is ChannelState.FAILED
        assert "did you mean 'colour'?" in report.reason
        await _applied(world, ChannelSettings(id=WEB, kind="web", settings={"colour": "pink"}))
        assert world.host.reports[WEB].state is ChannelState.RUNNING


@pytest.mark.parametrize("raised", [ValueError("secret"), SystemExit(1), KeyboardInterrupt()])
async def test_an_adapter_that_does_not_start_fails_its_channel_and_no_other(raised: BaseException) -> None:
    provider = Provider()

    class Broken(web_adapter(Provider())):  # type: ignore[misc]  # a class made by a function
        kind: ClassVar[str] = "broken"

        async def start(self) -> None:
            raise raised

    async with at_edge(web_adapter(provider), Broken) as world:
        bad, good = ChannelSettings(id=ChannelId("bad"), kind="broken"), ChannelSettings(id=WEB, kind="web")
        await world.run.run(SITE, Apply(channels=(bad, good)))
        await world.host.wait_until_settled()
        assert {channel: report.state for channel, report in world.host.reports.items()} == {
            "bad": ChannelState.FAILED,
            "web": ChannelState.RUNNING,
        }
        assert "secret" not in world.host.reports[ChannelId("bad")].reason


async def test_an_adapter_that_hangs_at_start_or_at_stop_is_left_behind() -> None:
    class Hanging(web_adapter(Provider())):  # type: ignore[misc]  # a class made by a function
        async def start(self) -> None:
            if self.config.colour == "black":
                await asyncio.Event().wait()

        async def stop(self) -> None:
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    return

    async with at_edge(Hanging) as world:
        await world.run.run(SITE, Apply(channels=(ChannelSettings(id=WEB, kind="web", settings={"colour": "black"}),)))
        await world.pass_until(lambda: world.host.reports[WEB].state is ChannelState.FAILED)
        assert "took more than 30 s" in world.host.reports[WEB].reason
        await _applied(world, ChannelSettings(id=WEB, kind="web"))
        await world.run.run(SITE, Apply(channels=(ChannelSettings(id=WEB, kind="web", is_external=True),)))
        await world.pass_until(lambda: not world.host.reports)
        assert (
            "web",
            "channels/web stop",
            "TimeoutError: took more than 5 s",
            "left it behind",
        ) in world.plugins.faults


@pytest.mark.spec("R-G10", "I2")
async def test_arrivals_are_taken_once_each_and_rubbish_among_them_is_skipped() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider)) as world:
        await _applied(world, ChannelSettings(id=WEB, kind="web", queue=BILLING))
        to = CustomerAddress(channel=WEB, id="carl")
        arrivals: list[object] = [
            _said("k1", "hello"),
            _said("k1", "hello"),
            "rubbish",
            None,
            _said("k2", "   "),
            _said(7, "no key"),  # type: ignore[arg-type]
            _said("k3", b"bytes"),  # type: ignore[arg-type]
            Unsupported(dedupe_key="k4", address=to, what="sticker", at=NOW, external_id=ExternalId("k4")),
            _said("k5", "again"),
            CustomerLeft(dedupe_key="k6", address=to, at=NOW),
            CustomerLeft(dedupe_key="k7", address=to, at=NOW),
        ]
        for arrival in arrivals:
            provider.arrivals.put_nowait(arrival)  # type: ignore[arg-type]
        await world.until(lambda: world.events(e.ConversationClosed))
        assert _said_by_customers(world) == ["hello", "(sticker)", "again"]
        assert len(world.plugins.faults) == 4
        (opened,) = world.events(e.ConversationOpened)
        assert (opened.channel, opened.customer.display_name) == (WEB, "Carl")


async def test_a_poll_that_fails_is_begun_again_and_loses_nothing_that_comes_after() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider)) as world:
        await _applied(world, ChannelSettings(id=WEB, kind="web"))
        for arrival in (ValueError("x"), SystemExit(1), _said("k1", "hello")):
            provider.arrivals.put_nowait(arrival)
        await world.pass_until(lambda: _said_by_customers(world))
        assert [fault[:3] for fault in world.plugins.faults] == [
            ("web", "channels/web poll", "ValueError"),
            ("web", "channels/web poll", "PluginRaisedError, 2 times in a row"),
        ]


async def test_a_provider_that_is_down_for_long_is_told_ever_more_rarely_and_anew_once_it_was_back() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider)) as world:
        await _applied(world, ChannelSettings(id=WEB, kind="web"))
        for _ in range(11):
            provider.arrivals.put_nowait(OSError("down"))
        for arrival in (_said("k1", "hello"), OSError("down"), _said("k2", "again")):
            provider.arrivals.put_nowait(arrival)
        await world.pass_until(lambda: len(_said_by_customers(world)) == 2, step_s=10)
        assert [fault[2] for fault in world.plugins.faults] == [
            "OSError",
            *[f"OSError, {count} times in a row" for count in (2, 4, 8)],
            "OSError",
        ]


async def test_a_channel_whose_polls_fail_is_failing_until_something_comes_or_a_poll_lasts() -> None:
    provider = Provider()

    def reported() -> tuple[ChannelState, str]:
        report = world.host.reports[WEB]
        return report.state, report.reason

    async with at_edge(web_adapter(provider)) as world:
        await _applied(world, ChannelSettings(id=WEB, kind="web"))
        began = world.clock.now()
        failed = (AuthExpired("the mailbox is locked"), OSError("secret"))
        for error, told in zip(failed, ("once: the mailbox is locked", "2 times in a row: OSError"), strict=True):
            provider.arrivals.put_nowait(error)
            await world.pass_until(lambda told=told: told in reported()[1])  # type: ignore[misc]  # a default of its own
            assert reported() == (ChannelState.FAILING, f"asking its provider for what came in failed {told}")
        assert world.host.reports[WEB].since == began + 0.5
        provider.arrivals.put_nowait(_said("k1", "hello"))
        await world.pass_until(lambda: _said_by_customers(world))
        assert reported() == (ChannelState.RUNNING, "")
        provider.arrivals.put_nowait(OSError("down"))
        await world.pass_until(lambda: reported()[0] is ChannelState.FAILING)
        await world.pass_until(lambda: provider.arrivals.empty() and reported()[0] is ChannelState.RUNNING, step_s=10)
        assert world.clock.now() >= world.host.reports[WEB].since + 120


@pytest.mark.spec("I16")
async def test_a_customer_who_is_too_fast_is_slowed_down_and_loses_nothing() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider), limits=Limits(command_burst_max=5)) as world:
        await _applied(world, ChannelSettings(id=WEB, kind="web"))
        began = world.clock.now()
        for number in range(20):
            provider.arrivals.put_nowait(_said(f"k{number}", f"text {number}"))
        await world.pass_until(lambda: len(_said_by_customers(world)) == 20, step_s=0.1)
        assert _said_by_customers(world) == [f"text {number}" for number in range(20)]
        assert world.clock.now() - began >= 2.9


@pytest.mark.spec("I3")
async def test_a_receipt_from_the_adapter_reaches_its_conversation_even_before_the_id() -> None:
    provider = Provider()
    gate = asyncio.Event()

    async def answer(_delivery: Delivery) -> object:
        provider.arrivals.put_nowait(
            Receipt(dedupe_key="r", state=ReceiptState.READ, at=NOW, external_id=ExternalId("id"))
        )
        await gate.wait()
        return ExternalId("id")

    async with at_edge(web_adapter(provider)) as world:
        provider.answering = answer
        await world.run.site("ann")
        await world.run.attended("1")
        await world.until(lambda: world.edge.receipts.parked(WEB))
        gate.set()
        await world.until(lambda: world.events(e.DeliveryReceived))
        assert world.events(e.DeliveryReceived) == [e.DeliveryReceived(delivery=1, state="READ")]


async def test_an_adapters_own_tasks_end_with_it_and_their_faults_are_reported() -> None:
    states: list[str] = []

    class Busy(web_adapter(Provider())):  # type: ignore[misc]  # a class made by a function
        async def start(self) -> None:
            self.context.create_task(self._fail())
            self.context.create_task(self._wait())

        async def _fail(self) -> None:
            raise SystemExit(1)

        async def _wait(self) -> None:
            states.append("waits")
            try:
                await self.context.sleep(1e6)
            finally:
                states.append("ended")

    async with at_edge(Busy) as world:
        await _applied(world, ChannelSettings(id=WEB, kind="web"))
        await world.until(lambda: world.plugins.faults)
        await _applied(world, ChannelSettings(id=WEB, kind="web", is_external=True))
        assert states == ["waits", "ended"]
        assert [fault[1] for fault in world.plugins.faults] == ["channels/web create_task"]


class _Endless(PullChannel):
    """Goes on bringing arrivals when it is told to stop."""

    kind: ClassVar[str] = "web"

    async def send(self, delivery: Delivery) -> ExternalId:
        return ExternalId(delivery.id)

    async def poll(self) -> AsyncIterator[Arrival]:
        number = 0
        while True:
            number += 1
            try:
                await self.context.sleep(1)
            except asyncio.CancelledError:
                number += 1_000
            yield _said(f"{self.context.run_id} {number}", f"text {number}")


async def test_an_adapter_that_does_not_stop_polling_brings_nothing_any_more() -> None:
    async with at_edge(_Endless) as world:
        await _applied(world, ChannelSettings(id=WEB, kind="web"))
        await world.pass_until(lambda: len(_said_by_customers(world)) >= 3)
        await world.run.run(SITE, Apply(channels=(ChannelSettings(id=WEB, kind="web", is_external=True),)))
        await world.pass_until(lambda: not world.host.reports)
        said = _said_by_customers(world)
        for _ in range(20):
            world.clock.advance(1)
            await asyncio.sleep(0)
        assert _said_by_customers(world) == said
        assert all(len(text) < len("text 1000") for text in said)


@pytest.mark.spec("I3", "R-G10")
async def test_the_console_plays_a_customer_from_a_script_and_shows_what_he_sees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.txt"
    script.write_text("carl> hello\ndora> me too\ncarl> anybody?\n", encoding="utf-8")
    async with at_edge() as world:  # The console is a plugin of the engine's own, so the engine itself serves it.
        engine = world.run.engine
        await world.run.site("ann")
        settings = {"script": str(script), "pace_s": "0.5"}
        channel = ChannelSettings(id=WEB, kind="console", queue=BILLING, settings=settings)
        await world.run.run(SITE, Apply(channels=(channel,)))
        await engine.adapters.wait_until_settled()  # It starts in a thread: time stands still for it.
        await world.pass_until(lambda: len(_said_by_customers(world)) >= 3)
        assert _said_by_customers(world) == ["hello", "me too", "anybody?"]
        carl = engine.shard.facts.conversation_at(WEB, "carl")
        assert carl is not None
        await world.run.run(conversation(carl), AcceptOffer(number=1))
        await world.say(carl, "Hello Carl")
        await world.until(lambda: not engine.outbox.pending())
        assert capsys.readouterr().out.splitlines()[-1] == "carl< Hello Carl"
