"""The engine's own adapters send in order, try again as the error says, and settle each delivery once."""

import asyncio

import pytest
from structlog.testing import capture_logs

from hookflash.engine.actors.calls import Call
from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.domain import events as e
from hookflash.engine.domain.commands import AcceptOffer, Close, OpenConversation, ReceiveMessage
from hookflash.engine.domain.values import CloseCause, Customer, Target
from hookflash.engine.edge.adapter_host import ChannelState
from hookflash.engine.edge.sender import SendingRules
from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.journal.record import CauseKind
from hookflash.sdk.channel import Capabilities, Delivery
from hookflash.sdk.errors import AuthExpired, Blocked, Permanent, Throttled, Transient, WindowClosed
from hookflash.sdk.types import ExternalId
from tests.actors.running import BILLING, WEB, conversation
from tests.edge.adapters import Provider, web_adapter
from tests.edge.at_edge import AtEdge, at_edge


async def _talking(world: AtEdge, *names: str) -> None:
    await world.run.site("ann")
    await world.host.wait_until_settled()
    for name in names:
        await world.run.attended(name)
        await world.until(lambda: not world.outbox.pending())


def _settled(world: AtEdge) -> list[tuple[int, str, str]]:
    found = world.events(e.DeliverySettled)
    return [(s.delivery, s.external_id, s.error) for s in found]


@pytest.mark.spec("I3")
async def test_deliveries_are_sent_in_order_and_settled_with_the_providers_id() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider)) as world:
        await _talking(world, "1")
        await world.say("1", "one", "two", "three")
        await world.until(lambda: not world.outbox.pending())
        assert provider.texts("customer 1")[1:] == ["one", "two", "three"]
        assert _settled(world)[3] == (4, "id of conversations/1/deliveries/4", "")
        assert world.run.sealed[-1].record.cause.kind is CauseKind.PLUGIN


@pytest.mark.spec("I3")
async def test_one_send_at_a_time_per_customer_and_customers_side_by_side() -> None:
    provider = Provider()
    running, most = {"customer 1": 0, "customer 2": 0}, []
    gate = asyncio.Event()

    async def answer(delivery: Delivery) -> object:
        running[delivery.to.id] += 1
        most.append(dict(running))
        await gate.wait()
        running[delivery.to.id] -= 1
        return ExternalId(delivery.id)

    async with at_edge(web_adapter(provider)) as world:
        await _talking(world, "1", "2")
        provider.answering = answer
        await world.say("1", "one", "two")
        await world.say("2", "one", "two")
        await world.until(lambda: sum(running.values()) == 2)
        for _ in range(50):
            await asyncio.sleep(0)
        assert running == {"customer 1": 1, "customer 2": 1}
        gate.set()
        await world.until(lambda: not world.outbox.pending())
        assert max(count for each in most for count in each.values()) == 1


@pytest.mark.spec("I3", "F-22")
async def test_a_passing_failure_is_tried_again_under_the_same_key_and_keeps_the_order() -> None:
    provider = Provider(answers={"one": [Transient("reset"), Transient("reset")]})
    async with at_edge(web_adapter(provider)) as world:
        await _talking(world, "1", "2")
        await world.say("1", "one", "two")
        await world.say("2", "not held up")
        await world.until(lambda: provider.texts("customer 2")[1:] == ["not held up"])
        await world.pass_until(lambda: not world.outbox.pending())
        assert provider.texts("customer 1")[1:] == ["one", "one", "one", "two"]
        assert [attempt for _, text, attempt in provider.sent if text == "one"] == [1, 2, 3]
        assert {error for _, _, error in _settled(world)} == {""}
        first, second, third = (
            at for at, (_, text, _) in zip(provider.at, provider.sent, strict=True) if text == "one"
        )
        assert 0.5 <= second - first <= 1.5
        assert 1.0 <= third - second <= 2.5


@pytest.mark.spec("I3")
async def test_a_failure_that_does_not_pass_ends_as_failed_after_the_deliverys_life() -> None:
    provider = Provider(answers={"one": [Transient("reset")] * 500})
    async with at_edge(web_adapter(provider), rules=SendingRules(life_s=300.0)) as world:
        await _talking(world, "1")
        said_at = world.clock.now()
        await world.say("1", "one", "two")
        await world.pass_until(lambda: not world.outbox.pending(), step_s=1.0)
        assert _settled(world)[1:] == [
            (2, "", "given up after 300 s: reset"),
            (3, "id of conversations/1/deliveries/3", ""),
        ]
        assert 240 <= provider.at[-2] - said_at <= 300


@pytest.mark.spec("I3")
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Permanent("131026", "no such number"), "no such number (131026)"),
        (Blocked("the customer refuses us"), "the customer refuses us"),
        (WindowClosed(), "WindowClosed"),
    ],
)
async def test_what_will_never_be_taken_is_failed_at_once_told_to_the_agents_and_stepped_over(
    error: Exception, words: str
) -> None:
    provider = Provider(answers={"one": [error]})
    async with at_edge(web_adapter(provider)) as world:
        await _talking(world, "1")
        await world.say("1", "one", "two")
        await world.until(lambda: not world.outbox.pending())
        assert provider.texts("customer 1")[1:] == ["one", "two"]
        assert _settled(world)[1] == (2, "", words)
        notices = [n.text for n in world.events(e.StaffNoticed)]
        assert [text for text in notices if words in text] != []


@pytest.mark.spec("I3")
async def test_after_the_window_that_a_channel_declares_a_notice_fails_without_asking_the_adapter() -> None:
    provider = Provider()
    adapter = web_adapter(provider)
    adapter.capabilities = Capabilities(reply_window_s=3600.0)
    async with at_edge(adapter) as world:
        await _talking(world, "1", "2")  # The second customer has written nothing: his provider knows.
        await world.run.run(conversation("1"), ReceiveMessage(text="hello"))
        world.clock.advance(3601)
        for name in ("1", "2"):
            await world.run.run(conversation(name), Close(agent=None, cause=CloseCause.SERVICE))
        await world.until(lambda: not world.outbox.pending())
        assert [len(provider.texts(f"customer {name}")) for name in ("1", "2")] == [1, 2]
        assert ("", "WINDOW_CLOSED: the customer last wrote more than 1 h ago") in [
            (external_id, error) for _, external_id, error in _settled(world)
        ]


@pytest.mark.spec("I3")
async def test_a_throttled_address_is_held_and_the_others_are_not() -> None:
    provider = Provider(answers={"one": [Throttled(20)]})
    async with at_edge(web_adapter(provider)) as world:
        await _talking(world, "1", "2")
        await world.say("1", "one", "two")
        await world.say("2", "three")
        await world.until(lambda: provider.texts("customer 2")[1:] == ["three"])
        began = world.clock.now()
        await world.pass_until(lambda: not world.outbox.pending())
        assert provider.texts("customer 1")[1:] == ["one", "one", "two"]
        assert provider.at[-1] - began >= 20


@pytest.mark.spec("I3")
async def test_a_throttled_account_holds_the_whole_channel() -> None:
    provider = Provider(answers={"one": [Throttled(20, scope="account")]})
    async with at_edge(web_adapter(provider)) as world:
        await _talking(world, "1", "2")
        await world.say("1", "one")
        await world.until(lambda: provider.texts("customer 1")[1:] == ["one"])
        began = world.clock.now()
        await world.say("2", "two")
        await world.pass_until(lambda: not world.outbox.pending())
        assert [at - began >= 20 for at in provider.at[-2:]] == [True, True]


async def test_an_expired_credential_pauses_the_channel_and_alarms_once_and_once_more_when_it_is_back() -> None:
    provider = Provider()
    async with at_edge(web_adapter(provider)) as world:
        await _talking(world, "1", "2")
        renewed_at = world.clock.now() + 100

        async def answer(delivery: Delivery) -> object:
            if world.clock.now() < renewed_at:
                raise AuthExpired("token expired")
            return ExternalId(delivery.id)

        provider.answering = answer
        with capture_logs() as logs:
            await world.say("1", "one")
            await world.say("2", "two")
            await world.until(lambda: world.host.reports[WEB].state is ChannelState.PAUSED)
            await world.pass_until(lambda: not world.outbox.pending())
        assert world.plugins.faults == [("web", "channels/web send", "token expired", "paused the channel")]
        told = [log["event"] for log in logs if log["event"].startswith("channel_")]
        assert told == ["channel_paused", "channel_back"]
        assert world.host.reports[WEB].state is ChannelState.RUNNING
        assert provider.at[-1] - renewed_at <= 120
        assert len(provider.texts("customer 1")) < 10


@pytest.mark.spec("I3")
async def test_a_send_that_hangs_is_ended_and_tried_again() -> None:
    provider = Provider()

    async def hang_once(delivery: Delivery) -> object:
        if delivery.attempt == 1:
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    break  # It does not even let itself be cancelled.
        return ExternalId("id")

    async with at_edge(web_adapter(provider)) as world:
        await _talking(world, "1")
        provider.answering = hang_once
        await world.say("1", "one", "two")
        await world.pass_until(lambda: not world.outbox.pending())
        first, second = (at for at, (_, text, _) in zip(provider.at, provider.sent, strict=True) if text == "one")
        assert 10 <= second - first <= 12
        assert provider.texts("customer 1")[1:] == ["one", "one", "two", "two"]


@pytest.mark.spec("I3")
@pytest.mark.parametrize("raised", [ValueError("x"), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
async def test_whatever_an_adapter_raises_is_a_passing_failure_and_a_fault_and_ends_nothing(
    raised: BaseException,
) -> None:
    provider = Provider(answers={"one": [raised]})
    async with at_edge(web_adapter(provider)) as world:
        await _talking(world, "1")
        await world.say("1", "one")
        await world.pass_until(lambda: not world.outbox.pending())
        assert provider.texts("customer 1")[1:] == ["one", "one"]
        assert [fault[:2] for fault in world.plugins.faults] == [("web", "channels/web send")]


@pytest.mark.parametrize("rubbish", [None, 7, "x" * 10_000, "a\nb", "\ud800"])
async def test_rubbish_for_an_external_id_settles_the_delivery_without_one(rubbish: object) -> None:
    provider = Provider(answers={"one": [rubbish]})
    async with at_edge(web_adapter(provider)) as world:
        await _talking(world, "1")
        await world.say("1", "one")
        await world.until(lambda: not world.outbox.pending())
        assert _settled(world)[1:] == [(2, "", "")]
        assert len(world.plugins.faults) == 1


@pytest.mark.spec("I3", "F-22")
async def test_after_a_restart_only_what_was_not_settled_is_sent_again_under_its_key() -> None:
    store, clock = MemoryStore(), ManualClock()
    before = Provider(answers={"two": [Throttled(30)]})
    async with at_edge(web_adapter(before), store=store, clock=clock) as world:
        await _talking(world, "1")
        await world.say("1", "one", "two", "three")
        await world.until(lambda: before.texts("customer 1")[-1] == "two")
    after = Provider()
    async with at_edge(web_adapter(after), store=store, clock=clock) as world:
        await world.until(lambda: not world.outbox.pending())
        assert after.texts("customer 1") == ["two", "three"]


@pytest.mark.spec("I3")
@pytest.mark.parametrize("error", [Transient("reset"), Throttled(20), None])
async def test_a_customer_with_two_conversations_hears_the_first_to_its_end_before_the_second(
    error: Exception | None,
) -> None:
    provider = Provider()
    gate = asyncio.Event()
    async with at_edge(web_adapter(provider)) as world:
        await _talking(world, "1")

        async def answer(delivery: Delivery) -> object:
            if delivery.content.text == "last" and delivery.attempt == 1:
                if error is not None:
                    raise error
                await gate.wait()
            return ExternalId(delivery.id)

        provider.answering = answer
        await world.say("1", "last")
        await world.until(lambda: provider.texts("customer 1")[-1] == "last")
        await world.run.run(conversation("1"), Close(agent=None, cause=CloseCause.SERVICE))
        again = OpenConversation(channel=WEB, address="customer 1", customer=Customer(), target=Target(queue=BILLING))
        await world.run.run(conversation("2"), again, Call(is_fresh=True))
        await world.run.run(conversation("2"), AcceptOffer(number=1))
        await world.say("2", "anew")
        await world.run.settle()
        assert provider.texts("customer 1")[1:] == ["last"]
        gate.set()
        await world.pass_until(lambda: not world.outbox.pending())
        texts = provider.texts("customer 1")
        assert texts[1:3] == (["last", "last"] if error is not None else ["last", texts[2]])
        assert texts[-1] == "anew"
