"""Somebody who watches events, breaks off, falls behind and goes on where he was: without gap or repeat."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hookflash.engine.journal.record import Record
from hookflash.v1 import event_service_pb2 as pb

from .network import Client, Stream

if TYPE_CHECKING:
    from .world import World

__all__ = ["Watcher"]


class Watcher:
    """A reader of EventService/Watch; `pace_s` is how long he takes for an answer."""

    def __init__(self, world: "World", client: Client, pace_s: float) -> None:
        self.world, self.client, self.pace_s = world, client, pace_s
        self.seen: list[tuple[int, int, str, str]] = []
        self._position = 0
        self._stream: Stream | None = None
        self._beat = 0

    def beat(self) -> None:
        """Watch on; now and then break off."""
        self._beat += 1
        if self._stream is None or not self._stream.is_open:
            reply = self._stream.reply if self._stream is not None else None
            if reply is not None and reply.reason:
                self.world.story.count(f"watches ended: {reply.reason}")
            request = pb.WatchRequest(after_position=self._position)
            pace_s = 0.0 if self.world.is_calm else self.pace_s
            self._stream = self.client.open_stream("EventService/Watch", request, self._hear, pace_s=pace_s)
        elif not self.world.is_calm and self.world.chance.number(f"watcher {self._beat}") < 0.1:
            self._stream.cancel()

    def judge(self, records: Iterable[Record]) -> None:
        """Compare with what the journal has up to where he is."""
        expected = [
            (record.position, index, type(fact.event).__name__, str(fact.subject))
            for record in records
            if record.position <= self._position
            for index, fact in enumerate(record.facts)
        ]
        if self.seen != expected:
            odd = sorted(set(self.seen) ^ set(expected))[:3]
            self.world.defect(
                f"a watcher saw {len(self.seen)} events up to position {self._position}, "
                f"the journal has {len(expected)}; {odd or 'they are in another order, or there twice'}"
            )

    def _hear(self, item: bytes) -> None:
        answer = pb.WatchResponse.FromString(item)
        for event in answer.events:
            self.seen.append((event.position, event.index, event.type, event.subject))
        self._position = answer.position
