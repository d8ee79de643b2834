"""What goes into the shard and comes out of it: who asks, what was sealed, and what a caller renders from it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from hookflash.engine.domain.address import Address
from hookflash.engine.domain.states import State
from hookflash.engine.journal.record import Cause, CauseKind, Fact, Record
from hookflash.sdk.types import Principal, Role

__all__ = ["ENGINE", "Answer", "Call", "Outcome", "Sealed", "no_answer"]

ENGINE = Principal(Role.ADMIN, "engine")
"""The engine itself: what timers, streams and the boot do is done in its name."""


class Call(NamedTuple):
    """Who asks, and under which key a repeat is known.

    `digest` is of the request's content; `acting` the agent for whom a service acts; `is_fresh`: the address was made
    for this call, so nobody need look whether it was there before; `is_dry_run`: check everything, do nothing.
    """

    principal: Principal = ENGINE
    method: str = ""
    request_id: str = ""
    digest: bytes = b""
    etag: str = ""
    acting: str = ""
    cause: CauseKind = CauseKind.COMMAND
    is_fresh: bool = False
    is_dry_run: bool = False

    @property
    def key(self) -> str:
        """Principal, method and request id; empty where a repeat is a new command.

        What arrives through a channel is known by the outside's id alone, whoever brings it.
        """
        if self.request_id and self.cause is CauseKind.ARRIVAL:
            return f"{self.method} {self.request_id}"
        return f"{self.principal.key} {self.method} {self.request_id}" if self.request_id else ""

    @property
    def signed(self) -> str:
        """The principal as records name it, with the agent it acted for."""
        return f"{self.principal.key} for agents/{self.acting}" if self.acting else self.principal.key

    def because(self) -> Cause:
        """The cause as records name it."""
        return Cause(self.cause, self.request_id or self.method)


class Outcome(NamedTuple):
    """A cascade at its seal, for whoever renders the answer: nothing of it is durable yet."""

    position: int
    at: float
    facts: tuple[Fact, ...]
    state: Callable[[Address], State | None]
    position_of: Callable[[Address], int]


Answer = Callable[[Outcome], bytes]
"""Renders the encoded answer; a repeat gets the same bytes again."""


def no_answer(_outcome: Outcome) -> bytes:
    """Render nothing."""
    return b""


class Sealed(NamedTuple):
    """A durable record with the states of the entities it touched, after it and before it (None: not there)."""

    record: Record
    states: Mapping[Address, State | None]
    before: Mapping[Address, State | None]
