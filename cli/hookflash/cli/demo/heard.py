"""What one actor of the demo was sent, in the order in which it came; the story waits on it.

Whatever is shown as coming from the engine, and whatever is checked at the end, is taken from here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from hookflash.cli.failures import CommandError

if TYPE_CHECKING:
    from hookflash.sdk.client import messages as m

__all__ = ["Heard", "Kind", "Log"]

_PATIENCE_S: Final = 20.0
"""Longer than any deadline of the story; past it the demo gives up with a sentence."""


class Kind(Enum):
    """What was sent; the value is the word on the screen."""

    TOAST = "toast"
    NOTICE = "notice"
    MESSAGE = "message"
    WHISPER = "whisper"
    OFFER = "offer"
    WITHDRAWN = "withdrawn"
    WELCOME = "welcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One thing that the engine sent to one actor; `offer` is set for OFFER, `offers` for WELCOME."""

    kind: Kind
    text: str
    sender: str = ""
    offer: m.Offer | None = None
    offers: tuple[m.Offer, ...] = ()


class Log:
    """An actor's log, with two marks: what was shown and what was waited for; each goes forward only."""

    def __init__(self, label: str) -> None:
        self.items: list[Heard] = []
        self._label = label
        self._shown = 0
        self._awaited = 0
        self._news = asyncio.Event()
        self._failure: BaseException | None = None

    def add(self, item: Heard) -> None:
        """Note what came."""
        self.items.append(item)
        self._news.set()

    def fail(self, failure: BaseException) -> None:
        """Note that nothing more will come; whoever waits is told why."""
        self._failure = failure
        self._news.set()

    def unshown(self) -> list[Heard]:
        """Return what came since the last call."""
        news = self.items[self._shown :]
        self._shown = len(self.items)
        return news

    async def until(self, kind: Kind, count: int = 1) -> Heard:
        """Wait for so many more items of a kind after what was waited for before; return the last of them."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while True:
                    self._news.clear()
                    found = [
                        index
                        for index, item in enumerate(self.items[self._awaited :], self._awaited)
                        if item.kind is kind
                    ]
                    if len(found) >= count:
                        self._awaited = found[count - 1] + 1
                        return self.items[found[count - 1]]
                    if self._failure is not None:
                        raise self._failure
                    await self._news.wait()
        except TimeoutError:
            raise CommandError(
                f"The demo stopped: {self._label} waited {_PATIENCE_S:g} s for a {kind.value} that did not come."
            ) from None
