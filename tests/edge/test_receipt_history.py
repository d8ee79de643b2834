"""What a provider reports of a delivery reaches its conversation after a restart, too, and no state twice."""

import pytest

from hookflash.engine.domain import events as e
from hookflash.engine.edge import receipt_history
from hookflash.engine.edge.receipt_history import ReceiptHistory
from hookflash.engine.journal.memory import MemoryStore
from hookflash.sdk.channel import CustomerAddress, Receipt, ReceiptState
from hookflash.sdk.types import ExternalId
from tests.actors.running import WEB
from tests.edge.adapters import Provider, web_adapter
from tests.edge.at_edge import AtEdge, at_edge
from tests.edge.hook import NOW


def _receipt(state: ReceiptState, external_id: str) -> Receipt:
    return Receipt(dedupe_key="r", state=state, at=NOW, external_id=ExternalId(external_id))


async def _with_history(world: AtEdge) -> ReceiptHistory:
    history = ReceiptHistory(world.run.engine.journal, world.run.engine.shard, world.edge.receipts)
    history.start()
    return history


@pytest.mark.spec("I3")
@pytest.mark.parametrize("piece", [1, 3, 2_000])
async def test_a_receipt_for_what_was_sent_before_a_restart_finds_its_delivery(
    monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(receipt_history, "_PIECE", piece)
    provider, store = Provider(), MemoryStore()
    async with at_edge(web_adapter(provider), store=store) as world:
        await world.run.site("ann")
        await world.run.attended("1")
        await world.say("1", "one", "two")
        await world.until(lambda: not world.outbox.pending())
        first, second = (settled.external_id for settled in world.events(e.DeliverySettled)[1:])
        await world.edge.receipts.take(WEB, _receipt(ReceiptState.DELIVERED, first))
    async with at_edge(web_adapter(provider), store=store) as world:
        # It comes while the history is not read yet: it waits for it.
        await world.edge.receipts.take(WEB, _receipt(ReceiptState.READ, second))
        history = await _with_history(world)
        await history.until_read()
        for state in (ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.READ):
            await world.edge.receipts.take(WEB, _receipt(state, first))
        await world.until(lambda: len(world.events(e.DeliveryReceived)) == 2)
        told = {(event.delivery, event.state) for event in world.events(e.DeliveryReceived)}
        assert told == {(2, "READ"), (3, "READ")}
        await history.stop()


async def test_a_watermark_covers_what_was_sent_before_a_restart() -> None:
    provider, store = Provider(), MemoryStore()
    async with at_edge(web_adapter(provider), store=store) as world:
        await world.run.site("ann")
        await world.run.attended("1")
        await world.until(lambda: not world.outbox.pending())
    async with at_edge(web_adapter(provider), store=store) as world:
        history = await _with_history(world)
        await history.until_read()
        to = CustomerAddress(channel=WEB, id="customer 1")
        read = Receipt(dedupe_key="r", state=ReceiptState.READ, at=NOW, up_to=NOW, address=to)
        await world.edge.receipts.take(WEB, read)
        assert [event.state for event in world.events(e.DeliveryReceived)] == ["READ"]
