"""What clients asked of a server and what it answered, kept by the clients: the history that must still be true later.

A request whose answer never came is asked again under its request id, as a careful client does, until it is known.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any

from google.protobuf.message import Message

from hookflash.sdk.client import Client, HookflashError, TimedOut, Unreachable
from hookflash.sdk.client import messages as m
from tests.torture.history import History

__all__ = ["Asked", "Ledger", "encoded"]


def encoded(answer: Message | None) -> bytes:
    """An answer as bytes that compare: whether it is the first or a repeated one is left out."""
    if isinstance(answer, m.ReceiveResponse):
        answer.duplicate = False
    return b"" if answer is None else answer.SerializeToString(deterministic=True)


@dataclass(eq=False)
class Asked:
    """One request, and what became of it."""

    actor: str
    method: str
    request: Any
    answer: bytes | None = None
    refused: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the client knows how it went."""
        return self.answer is not None or bool(self.refused)


@dataclass
class Ledger:
    """All requests, all deliveries, and how much has happened."""

    asked: list[Asked] = field(default_factory=list)
    delivered: dict[str, m.Delivery] = field(default_factory=dict)
    by_number: dict[tuple[str, int], str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    history: History | None = None
    """Where every call and every delivery is written down as well, for the checker."""

    violations: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    happened: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, client: Client, actor: str, method: str, request: Any) -> Any:  # noqa: ANN401  any call's
        """Ask something new. The answer, or None where it was refused. Raises Unreachable and TimedOut."""
        asked = Asked(actor, method, request)
        self.asked.append(asked)
        return await self.settle(client, asked)

    async def settle(self, client: Client, asked: Asked) -> Any:  # noqa: ANN401  any call's
        """Ask it, for the first time or again."""
        invoked_at, is_first = time(), not asked.is_known
        try:
            answer = await getattr(client, asked.method)(asked.request)
        except (Unreachable, TimedOut, asyncio.CancelledError):
            self._write(asked, invoked_at)
            raise
        except HookflashError as refusal:
            asked.refused = refusal.reason
            self._write(asked, invoked_at, refused=refusal.reason)
            self.answers[f"{asked.method} {refusal.reason}"] += is_first
            self.tick()
            return None
        reply = encoded(answer)
        self._write(asked, invoked_at, reply=reply)
        if asked.answer is not None and asked.answer != reply:
            self.violations.append(f"I2 ONCE: {asked.method} {asked.request} is answered otherwise than before")
        asked.answer = reply
        self.answers[asked.method] += is_first
        self.tick()
        return answer

    def arrived(self, delivery: m.Delivery) -> None:
        """Take down a delivery and compare it with what is known."""
        if self.history is not None:
            self.history.delivery(delivery, time())
        if delivery.name in self.settled:
            self.violations.append(f"I3 DELIVERY: {delivery.name} came again after it was settled")
        before = self.delivered.setdefault(delivery.name, delivery)
        key = delivery.conversation, delivery.sequence
        if self.by_number.setdefault(key, delivery.name) != delivery.name:
            self.violations.append(f"I3 DELIVERY: {key} went out under two names")
        if (before.message, before.notice, before.sequence) != (delivery.message, delivery.notice, delivery.sequence):
            self.violations.append(f"I3 DELIVERY: {delivery.name} changed")

    def _write(self, asked: Asked, invoked_at: float, *, reply: bytes | None = None, refused: str = "") -> None:
        if self.history is not None:
            call = (asked.actor, asked.method, asked.request)
            self.history.call(*call, invoked_at=invoked_at, ended_at=time(), reply=reply, refused=refused)

    def tick(self) -> None:
        """Something happened."""
        self.happened += 1
        self._moved.set()

    async def until(self, count: int) -> None:
        """Wait until so much has happened."""
        while self.happened < count:
            self._moved.clear()
            await self._moved.wait()

    @property
    def acknowledged(self) -> int:
        """How many requests were answered OK, each counted once."""
        return sum(count for name, count in self.answers.items() if " " not in name)

    def accepted(self, *methods: str) -> list[Asked]:
        """The requests of those methods that were answered OK."""
        return [asked for asked in self.asked if asked.method in methods and asked.answer is not None]

    def unknown(self, actor: str) -> list[Asked]:
        """What that actor asked and never heard of."""
        return [asked for asked in self.asked if asked.actor == actor and not asked.is_known]

    def summary(self) -> Mapping[str, int]:
        """How often each method was answered, and refused for what reason."""
        return dict(sorted(self.answers.items()))
