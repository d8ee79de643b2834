"""A kept state comes back as it was, or is known to be of no use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from hookflash.engine.domain.address import Kind
from hookflash.engine.domain.states import STATES as DOMAIN_STATES
from hookflash.engine.journal.port import StaleState
from hookflash.engine.journal.state_codec import decode_state, encode_state
from tests.journal.every_event import of_class


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    number: int
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    name: str
    seats: tuple[Seat, ...] = ()
    tags: frozenset[str] = frozenset()
    notes: Mapping[str, str] = field(default_factory=dict)


def _next_release() -> type[Any]:
    """A Room whose seats have other fields, as a later release would have it."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Seat:
        number: int
        row: str = ""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Room:
        name: str
        seats: tuple[Seat, ...] = ()
        tags: frozenset[str] = frozenset()
        notes: Mapping[str, str] = field(default_factory=dict)

    return Room


STATES: Mapping[Kind, type[Any]] = {Kind.QUEUE: Room}
ROOM = Room(name="blue", seats=(Seat(number=1), Seat(number=2, at=0.5)), tags=frozenset("abc"), notes={"b": "1"})


@pytest.mark.spec("I10")
def test_a_state_comes_back_as_it_was() -> None:
    assert decode_state(Kind.QUEUE, encode_state(ROOM), STATES) == ROOM


@pytest.mark.spec("I10")
def test_equal_states_are_equal_bytes_whatever_order_they_were_made_in() -> None:
    one = Room(name="x", tags=frozenset("hgfedcba"), notes={"a": "1", "b": "2"})
    other = Room(name="x", tags=frozenset("abcdefgh"), notes={"b": "2", "a": "1"})
    assert encode_state(one) == encode_state(other)


def test_a_state_of_another_layout_is_stale() -> None:
    with pytest.raises(StaleState, match="another release; fold the journal"):
        decode_state(Kind.QUEUE, encode_state(ROOM), {Kind.QUEUE: _next_release()})


@pytest.mark.parametrize("cut", [0, 4, 8, 20])
def test_half_a_state_is_stale(cut: int) -> None:
    with pytest.raises(StaleState):
        decode_state(Kind.QUEUE, encode_state(ROOM)[:cut], STATES)


@pytest.mark.spec("I10")
@pytest.mark.parametrize("kind", DOMAIN_STATES)
def test_a_state_of_every_kind_of_entity_comes_back_as_it_was(kind: Kind) -> None:
    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(of_class(DOMAIN_STATES[kind]))
    def comes_back(state: object) -> None:
        blob = encode_state(state)
        again = decode_state(kind, blob)
        assert again == state
        assert encode_state(again) == blob

    comes_back()
