"""However much waits to go out, handing out and settling one delivery costs the same."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import FrameType

import pytest

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.edge.outbox import DeliveryReader, Outbox
from hookflash.engine.journal.record import Cause, CauseKind, Fact, Record
from hookflash.sdk.types import AgentId, ChannelId, ConversationId, ParticipantRole

WEB = ChannelId("web")


@dataclass
class Row:
    conversation: ConversationId
    delivery: int
    channel: ChannelId
    address: str
    event: e.MessageSent | e.CustomerNoticed


@cache
def _said(number: int) -> e.MessageSent:
    return e.MessageSent(
        at=1.0,
        number=number,
        sequence=number,
        transcript=number,
        delivery=number,
        role=ParticipantRole.PRIMARY,
        agent=AgentId("ann"),
        display_name="Ann",
        text="hello",
    )


def row_of(conversation: ConversationId, number: int) -> Row:
    """One message, as the views keep it."""
    return Row(conversation, number, WEB, f"customer {conversation}", _said(number))


def _rows(conversations: int, each: int) -> Iterator[Row]:
    for number in range(1, each + 1):
        for name in range(conversations):
            yield row_of(ConversationId(f"c{name}"), number)


def settled_record(conversation: ConversationId, number: int) -> Sealed:
    fact = Fact(Address(Kind.CONVERSATION, conversation), e.DeliverySettled(delivery=number))
    cause = Cause(CauseKind.PLUGIN)
    return Sealed(Record(position=1, at=1.0, principal="", cause=cause, facts=(fact,)), {}, {})


async def _go(outbox: Outbox, reader: DeliveryReader, count: int) -> int:
    """Hand out and settle so many; every tenth is put off first. The answer is how many functions were called."""
    calls = 0

    def on_call(_frame: FrameType, what: str, _argument: object) -> None:
        nonlocal calls
        calls += what in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(on_call)
    try:
        for turn in range(count):
            delivery = await anext(reader)
            if turn % 10 == 0:
                outbox.postpone(delivery.conversation, delivery.sequence, 1)
            outbox.follow([settled_record(delivery.conversation, delivery.sequence)])
    finally:
        sys.setprofile(before)
    return calls


async def _cost(conversations: int, each: int) -> int:
    outbox = Outbox(ManualClock(), 60)
    outbox.restore(_rows(conversations, each))
    assert outbox.pending(WEB) == conversations * each
    return await _go(outbox, outbox.open_reader(WEB, 100), 500)


@pytest.mark.spec("I3", "I16")
@pytest.mark.parametrize(("conversations", "each"), [(200_000, 1), (1, 200_000), (450, 450)])
async def test_two_hundred_thousand_waiting_deliveries_make_none_of_them_dearer(conversations: int, each: int) -> None:
    few = await _cost(500, 2)
    assert await _cost(conversations, each) < few * 1.2


@pytest.mark.spec("I3")
async def test_a_long_backlog_is_handed_out_to_the_end_without_a_gap() -> None:
    outbox = Outbox(ManualClock(), 60)
    outbox.restore(_rows(40, 50))
    reader = outbox.open_reader(WEB, 7)
    seen: dict[str, list[int]] = {}
    while outbox.pending():
        delivery = await anext(reader)
        seen.setdefault(delivery.conversation, []).append(delivery.sequence)
        outbox.follow([settled_record(delivery.conversation, delivery.sequence)])
    assert set(map(tuple, seen.values())) == {tuple(range(1, 51))}
    assert len(seen) == 40
