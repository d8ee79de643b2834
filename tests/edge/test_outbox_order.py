"""Whatever happens to a channel's readers, a channel that drops known keys sees each delivery once, without a gap."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.edge.outbox import DeliveryReader, Outbox
from hookflash.sdk.types import ConversationId
from tests.edge.test_outbox_size import WEB, row_of, settled_record

TIMEOUT_S = 10.0

steps = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, 2)),
        st.tuples(st.just("take"), st.just(0)),
        st.tuples(st.just("settle"), st.integers(0, 9)),
        st.tuples(st.just("postpone"), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(1, 12)),
        st.tuples(st.just("reopen"), st.integers(1, 4)),
    ),
    max_size=60,
)


class Channel:
    """What a provider sees that drops the keys it knows: `kept` by conversation, and what is not settled yet."""

    def __init__(self, *, is_in_step: bool) -> None:
        self.clock = ManualClock()
        self.outbox = Outbox(self.clock, TIMEOUT_S)
        self.is_in_step = is_in_step
        self.said: defaultdict[str, int] = defaultdict(int)
        self.kept: defaultdict[str, list[int]] = defaultdict(list)
        self.open: list[tuple[ConversationId, int]] = []
        self.reader = self._reader(3)

    def _reader(self, max_in_flight: int) -> DeliveryReader:
        return self.outbox.open_reader(WEB, max_in_flight, is_in_step=self.is_in_step)

    def say(self, conversation: int) -> None:
        name = ConversationId(f"c{conversation}")
        self.said[name] += 1
        self.outbox.restore([row_of(name, self.said[name])])

    async def take(self) -> bool:
        line = self.reader._line  # noqa: SLF001  what is not there must not be waited for
        delivery = line.take()
        if delivery is None:
            return False
        key = (delivery.conversation, delivery.sequence)
        kept = self.kept[delivery.conversation]
        if delivery.sequence not in kept:
            kept.append(delivery.sequence)
        if key not in self.open:
            self.open.append(key)
        return True

    def settle(self, place: int) -> None:
        if self.open:
            self.outbox.follow([settled_record(*self.open.pop(place % len(self.open)))])

    async def step(self, what: str, how: int) -> None:
        match what:
            case "say":
                self.say(how)
            case "take":
                await self.take()
            case "settle":
                self.settle(how)
            case "postpone":
                if self.open:
                    self.outbox.postpone(*self.open[how % len(self.open)], retry_s=5)
            case "wait":
                self.clock.advance(how)
            case _:
                self.reader = self._reader(how)


@pytest.mark.spec("I3", "F-22")
@given(taken=steps, is_in_step=st.booleans())
async def test_every_delivery_is_seen_in_order_and_in_the_end_none_is_left(
    taken: list[tuple[str, int]], *, is_in_step: bool
) -> None:
    channel = Channel(is_in_step=is_in_step)
    for what, how in taken:
        await channel.step(what, how)
        for seen in channel.kept.values():
            assert seen == list(range(1, len(seen) + 1))
    for _ in range(200):
        while await channel.take():
            channel.settle(0)
        channel.settle(0)
        channel.clock.advance(1)
    assert channel.outbox.pending() == 0
    assert {name: len(seen) for name, seen in channel.kept.items()} == dict(channel.said)
