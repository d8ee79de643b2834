"""Receipts are joined to what they are about, whatever comes first, and a delivery's state only rises."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hookflash.engine.domain import events as e
from hookflash.engine.edge.receipts import PARKED_MAX, PARKED_S
from hookflash.sdk.channel import CustomerAddress, Receipt, ReceiptState
from hookflash.sdk.types import DeliveryId, ExternalId
from tests.actors.running import WEB
from tests.edge.at_edge import AtEdge, at_edge

SENT, DELIVERED, READ, FAILED = ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.READ, ReceiptState.FAILED


def _about(external_id: str, state: ReceiptState, error: str | None = None) -> Receipt:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Receipt(
        dedupe_key=f"{external_id} {state}", state=state, at=at, external_id=ExternalId(external_id), error=error
    )


def _up_to(seconds: float, state: ReceiptState, address: str = "customer 1") -> Receipt:
    up_to = datetime.fromtimestamp(seconds, UTC)
    to = CustomerAddress(channel=WEB, id=address)
    return Receipt(dedupe_key=f"{up_to} {state}", state=state, at=up_to, up_to=up_to, address=to)


async def _talking(world: AtEdge) -> None:
    await world.run.site("ann")
    await world.run.attended("1")


def _recorded(world: AtEdge) -> list[tuple[int, str]]:
    return [(event.delivery, event.state) for event in world.events(e.DeliveryReceived)]


@pytest.mark.spec("I3")
async def test_a_receipt_that_overtakes_its_id_is_recorded_when_the_id_arrives() -> None:
    async with at_edge() as world:
        await _talking(world)
        await world.edge.receipts.take(WEB, _about("wamid.1", DELIVERED))
        await world.edge.receipts.take(WEB, _about("wamid.1", SENT))
        assert (world.edge.receipts.parked(WEB), _recorded(world)) == (1, [])
        await world.settle("1", 1, external_id="wamid.1")
        await world.until(lambda: _recorded(world))
        assert _recorded(world) == [(1, "DELIVERED")]
        assert world.edge.receipts.parked(WEB) == 0


@pytest.mark.parametrize("states", [(READ, SENT, DELIVERED, READ), (FAILED, SENT, FAILED)])
async def test_receipts_that_name_a_delivery_by_our_id_only_rise_too_before_it_is_settled_and_after(
    states: tuple[ReceiptState, ...],
) -> None:
    async with at_edge() as world:
        await _talking(world)
        ours = DeliveryId("conversations/1/deliveries/1")
        for state in states:
            await world.edge.receipts.take(WEB, replace(_about("wamid.1", state), delivery_id=ours))
        assert _recorded(world) == [(1, states[0])]
        await world.settle("1", 1, external_id="wamid.1")
        for state in states:
            await world.edge.receipts.take(WEB, _about("wamid.1", state))
        assert _recorded(world) == [(1, states[0])]


async def test_states_only_rise_and_the_same_receipt_again_is_not_written_again() -> None:
    async with at_edge() as world:
        await _talking(world)
        await world.settle("1", 1, external_id="a")
        for state in (SENT, READ, DELIVERED, READ, SENT, FAILED):
            await world.edge.receipts.take(WEB, _about("a", state))
        assert _recorded(world) == [(1, "SENT"), (1, "READ")]


async def test_a_late_delivered_corrects_failed() -> None:
    async with at_edge() as world:
        await _talking(world)
        await world.settle("1", 1, external_id="a")
        for state in (FAILED, SENT, DELIVERED):
            await world.edge.receipts.take(WEB, _about("a", state, error="no such number" if state is FAILED else None))
        assert _recorded(world) == [(1, "FAILED"), (1, "DELIVERED")]
        (notice,) = [n for n in world.events(e.StaffNoticed) if "could not be delivered" in n.text]
        assert "no such number" in notice.text


async def test_a_watermark_covers_the_earlier_deliveries_to_that_address_and_no_others() -> None:
    async with at_edge() as world:
        await _talking(world)
        await world.run.attended("2")
        began = world.clock.now()
        for number, error in ((2, ""), (3, "blocked"), (4, "")):
            world.clock.advance(10)
            await world.say("1", "text")
            await world.settle("1", number, external_id=f"id{number}", error=error)
        await world.settle("1", 1, external_id="id1")
        await world.settle("2", 1, external_id="other")
        await world.edge.receipts.take(WEB, _up_to(began + 30, DELIVERED))
        assert _recorded(world) == [
            (2, "DELIVERED"),
            (1, "DELIVERED"),
        ]  # 3 had failed, and 4 is not before its own time
        await world.edge.receipts.take(WEB, _up_to(began + 30, READ))
        assert _recorded(world)[2:] == [(2, "READ"), (4, "READ"), (1, "READ")]


async def test_a_receipt_may_name_a_delivery_by_our_own_id() -> None:
    async with at_edge() as world:
        await _talking(world)
        at = datetime(2026, 1, 1, tzinfo=UTC)
        for name in (
            "conversations/1/deliveries/1",
            "conversations/1/deliveries/99",
            "conversations/nobody/deliveries/1",
            "?",
        ):
            receipt = Receipt(dedupe_key=name, state=READ, at=at, delivery_id=DeliveryId(name))
            await world.edge.receipts.take(WEB, receipt)
        assert _recorded(world) == [(1, "READ")]
        assert world.edge.receipts.dropped[WEB] == 1


@pytest.mark.spec("I16")
async def test_parked_receipts_are_bounded_in_number_and_in_time_and_what_is_dropped_is_counted() -> None:
    async with at_edge() as world:
        await _talking(world)
        await world.edge.receipts.take(WEB, _about("first", READ))
        for number in range(PARKED_MAX):
            await world.edge.receipts.take(WEB, _about(f"id{number}", READ))
        assert (world.edge.receipts.parked(WEB), world.edge.receipts.dropped[WEB]) == (PARKED_MAX, 1)
        await world.settle("1", 1, external_id="first")
        world.clock.advance(PARKED_S)
        await world.say("1", "text")
        await world.settle("1", 2, external_id="id5")
        await world.edge.receipts.take(WEB, _about("new", READ))
        assert (world.edge.receipts.parked(WEB), world.edge.receipts.dropped[WEB]) == (1, PARKED_MAX + 1)
        assert _recorded(world) == []
