"""The journal folded by the engine's own `evolve`, to be compared with what is live and with what was kept (I10).

The one part of the checker that uses the engine's fold: that it gives the same everywhere is what is promised.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from hookflash.engine.domain.address import SITE, Address
from hookflash.engine.domain.states import State, evolve, is_live
from hookflash.engine.journal.record import Record
from hookflash.engine.journal.state_codec import decode_state, encode_state

from .findings import Findings
from .violation import Promise

__all__ = ["Replay", "differences", "digest"]


def digest(states: Iterable[tuple[Address, State | None]]) -> bytes:
    """A digest of the canonical bytes of all that lives, in whatever order it is given.

    Conversations that are closed and settled are left out: a live engine may have let go of them.
    """
    living = [(str(address), _canonical(address, state)) for address, state in states if is_live(state)]
    whole = sha256()
    for name, encoded in sorted(living):
        whole.update(len(name).to_bytes(4) + name.encode() + len(encoded).to_bytes(4) + encoded)
    return whole.digest()


class Replay:
    """The states that the journal leads to."""

    def __init__(self, findings: Findings) -> None:
        """Begin with nothing."""
        self.states: dict[Address, State | None] = {}
        self._findings = findings

    def follow(self, record: Record) -> None:
        """Fold a record."""
        states = self.states
        for fact in record.facts:
            address = fact.subject
            if address == SITE:
                continue
            try:
                states[address] = evolve(address, states.get(address), fact.event)
            except (TypeError, LookupError, ValueError, AttributeError) as error:
                self._findings.say(Promise.I10, f"{type(fact.event).__name__} cannot be replayed on {address}: {error}")

    def compare_digest(self, live: bytes) -> None:
        """Compare with the digest of a live engine at this position."""
        own = digest(self.states.items())
        self._findings.expect(Promise.I10, own == live, "the digest of the replayed state is not that of the live one")

    def compare(self, others: Mapping[Address, State], whose: str) -> None:
        """Compare one by one with states kept elsewhere, which may lack what lives no more."""
        for fact in differences(self.states, others, whose):
            self._findings.say(Promise.I10, fact)


def differences(replayed: Mapping[Address, State | None], others: Mapping[Address, State], whose: str) -> Iterator[str]:
    """What others hold otherwise than it was replayed, or lack although it lives."""
    for address, state in replayed.items():
        if is_live(state) and address not in others:
            yield f"{whose} lack {address}"
    for address, state in others.items():
        own = replayed.get(address)
        if own is None or (own != state and _canonical(address, own) != _canonical(address, state)):
            yield f"{whose} hold {address} otherwise than the journal"


def _canonical(address: Address, state: State | None) -> bytes:
    """The bytes that a state has once it was read back: 30 and 30.0 are one number, in memory and in the journal."""
    return encode_state(decode_state(address.kind, encode_state(state)))
