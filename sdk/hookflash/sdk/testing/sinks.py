"""What every event sink keeps; needs a fixture `sink` with a sink that takes what it is given."""
# ruff: noqa: S101 - these are tests

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from hookflash.sdk.messages import CustomerNotice, Message
from hookflash.sdk.sinks import Ack, Audience, Event, EventSink, Said
from hookflash.sdk.testing.levels import bronze, silver
from hookflash.sdk.types import ConversationId

__all__ = ["SinkContract", "batch_of"]


def batch_of(audience: Audience, count: int, *, first: int = 1) -> Sequence[Said] | Sequence[Event]:
    """Make a batch such as the engine hands over, its conversations in turns; the same for the same arguments."""
    if audience is Audience.AGENTS:
        return [
            Event(
                position=number,
                index=0,
                at=float(number),
                kind="MessageSent",
                subject="conversation:1",
                payload={"n": number},
            )
            for number in range(first, first + count)
        ]
    return [
        Said(
            conversation=ConversationId(str(1 + number % 2)),
            sequence=1 + number // 2,
            at=float(number),
            content=Message(sender_name="Ann", text=f"said {number}")
            if number % 3
            else CustomerNotice(key="join.others.joined", text=f"noticed {number}"),
        )
        for number in range(first, first + count)
    ]


class SinkContract:
    """At least once, in order per conversation, and back-pressure: `deliver` returns when the batch is taken."""

    contract: ClassVar[str] = "1.0"

    @bronze
    def test_it_has_a_name_and_an_audience(self, sink: EventSink) -> None:
        """One lower-case word, and CUSTOMER or AGENTS."""
        assert isinstance(sink, EventSink)
        assert sink.name
        assert sink.name == sink.name.lower()
        assert isinstance(sink.audience, Audience)

    @bronze
    def test_a_batch_is_taken(self, sink: EventSink) -> None:
        """An Ack says so."""
        assert asyncio.run(_deliver(sink, batch_of(sink.audience, 5))) == Ack()

    @bronze
    def test_an_empty_batch_is_no_error(self, sink: EventSink) -> None:
        """There may be nothing for this sink in a stretch of the journal."""
        assert isinstance(asyncio.run(_deliver(sink, batch_of(sink.audience, 0))), Ack)

    @silver
    def test_a_batch_that_comes_again_is_taken_again(self, sink: EventSink) -> None:
        """After a crash the last batch comes once more."""
        batch = batch_of(sink.audience, 5)
        assert asyncio.run(_deliver(sink, batch)) == asyncio.run(_deliver(sink, batch))

    @silver
    def test_batches_are_taken_one_after_another(self, sink: EventSink) -> None:
        """A hundred batches of a hundred, each whole."""

        async def all_of_them() -> list[Ack]:
            return [await sink.deliver(batch_of(sink.audience, 100, first=1 + 100 * number)) for number in range(100)]

        assert asyncio.run(all_of_them()) == [Ack()] * 100


async def _deliver(sink: EventSink, batch: Sequence[Said] | Sequence[Event]) -> Ack:
    return await sink.deliver(batch)
