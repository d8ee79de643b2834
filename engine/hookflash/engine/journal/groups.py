"""A group: the records of one commit, as one row of the journal, held in the chain of hashes.

A row names the hash before its first record and the one at its last, so every row can be checked by itself and
against its neighbour, and no byte of a record can change unseen.
"""

from collections.abc import Iterator, Sequence

import msgspec

from hookflash.engine.domain.struct import Struct
from hookflash.engine.journal.codec import GENESIS, decode, encode, link
from hookflash.engine.journal.errors import Conflict, Damaged
from hookflash.engine.journal.port import Tail
from hookflash.engine.journal.record import Record

__all__ = ["EMPTY", "Group", "records_of", "seal", "tail_of", "unseal"]

EMPTY = Tail(0, 0.0, GENESIS)
"""The end of a journal in which nothing is written."""

_encode_body = msgspec.msgpack.Encoder().encode
_decode_body = msgspec.msgpack.Decoder(list[bytes]).decode


class Group(Struct, frozen=True):
    """One row; `body` is the msgpack list of its encoded records."""

    first_position: int
    last_position: int
    epoch: int
    previous_hash: bytes
    last_hash: bytes
    body: bytes


def seal(records: Sequence[Record], tail: Tail, epoch: int) -> Group:
    """The group that continues the journal after `tail`.

    Raises:
        Conflict: the records' positions do not follow the tail's one by one.
    """
    bodies: list[bytes] = []
    chain = tail.hash
    for expected, record in enumerate(records, tail.position + 1):
        if record.position != expected:
            raise Conflict(
                f"A record for position {record.position} was to be appended, but the journal goes on at {expected}; "
                "nothing was written. Read the journal again from its end."
            )
        encoded, chain = encode(record, chain)
        bodies.append(encoded)
    return Group(tail.position + 1, tail.position + len(bodies), epoch, tail.hash, chain, _encode_body(bodies))


def unseal(group: Group) -> list[bytes]:
    """A group's encoded records, once its own part of the chain was found to hold.

    Raises:
        Damaged: it does not.
    """
    first = group.first_position
    try:
        bodies = _decode_body(group.body)
    except msgspec.MsgspecError as error:
        raise Damaged(first, f"the group of records there cannot be decoded ({error})") from error
    if len(bodies) != group.last_position - first + 1:
        raise Damaged(first, f"the group there holds {len(bodies)} records up to position {group.last_position}")
    chain = group.previous_hash
    for encoded in bodies:
        chain = link(chain, encoded)
    if chain != group.last_hash:
        raise Damaged(first, f"the hash chain breaks in the group that ends at position {group.last_position}")
    return bodies


def records_of(groups: Sequence[Group], after: int, before: Group | None) -> Iterator[Record]:
    """The records after a position in consecutive groups, of which `before` is the neighbour to the left.

    Raises:
        Damaged: a group is missing, or does not hold what was written.
    """
    last = before.last_position if before else EMPTY.position
    chain = before.last_hash if before else EMPTY.hash
    for group in groups:
        if group.first_position != last + 1:
            raise Damaged(last + 1, f"the next group begins at position {group.first_position}")
        if group.previous_hash != chain:
            raise Damaged(group.first_position, "the hash chain breaks between the group there and the one before it")
        for position, encoded in enumerate(unseal(group), group.first_position):
            if position > after:
                yield decode(encoded, position)
        last, chain = group.last_position, group.last_hash


def tail_of(group: Group | None) -> Tail:
    """The end of a journal whose last group this is."""
    if group is None:
        return EMPTY
    return Tail(group.last_position, decode(unseal(group)[-1], group.last_position).at, group.last_hash)
