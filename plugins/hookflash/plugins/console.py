"""Customers without a network: their lines come from a script or standard input, what they see goes to standard output.

In: `ADDRESS> text`, where the text `/leave` is his leaving; empty lines and lines that start with `#` are skipped.
Out: `ADDRESS< text`, one line each; a delivery is settled when it is printed, and a key printed before is not again.
"""

import asyncio
import re
import sys
import threading
import unicodedata
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

from hookflash.sdk import (
    Arrival,
    Capabilities,
    ChannelContext,
    ChannelLog,
    CustomerAddress,
    CustomerLeft,
    Delivery,
    ExternalId,
    Idempotency,
    Inbound,
    Level,
    ParseError,
    PullChannel,
    Receipts,
    Registry,
    Text,
    hookimpl,
)

__all__ = ["SDK_API", "Console", "ConsoleConfig", "hookflash_register", "read_line"]

SDK_API = ">=1.0,<2"

KEYS_MAX = 10_000
LEAVE = "/leave"
LINE_BREAKERS = frozenset({"Cc", "Zl", "Zp"})
LINE = re.compile(r"(?P<address>[^\s<>]+)>\s(?P<text>.*\S.*)", re.DOTALL)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleConfig:
    """Where the lines come from, how fast: `script` is a file (empty: standard input), `pace_s` the seconds between."""

    script: str = ""
    pace_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a pace that runs backwards."""
        if self.pace_s < 0:
            raise ValueError("setting 'pace_s' must not be negative")


@final
class Console(PullChannel):
    """The adapter of kind `console`; its external ids are the run's id and the line's number."""

    kind: ClassVar[str] = "console"
    Config: ClassVar[type[ConsoleConfig]] = ConsoleConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        text=Level.NATIVE, receipts=Receipts.NONE, idempotency=Idempotency.KEY
    )

    def __init__(self, context: ChannelContext, config: ConsoleConfig) -> None:
        """Keep both; nothing is read yet."""
        super().__init__(context, config)
        self._settings = config
        self._script: tuple[str, ...] = ()
        self._printed: dict[str, None] = {}

    async def start(self) -> None:
        """Read the script whole, so that a bad one is not half played; raises ParseError naming the line."""
        if not self._settings.script:
            return
        try:
            content = await asyncio.to_thread(Path(self._settings.script).read_text, encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ParseError(f"the script {self._settings.script} cannot be read: {error}") from error
        self._script = tuple(content.split("\n"))
        for number, line in enumerate(self._script, start=1):
            try:
                read_line(line)
            except ParseError as error:
                raise ParseError(f"the script {self._settings.script}, line {number}: {error}") from error

    async def poll(self) -> AsyncIterator[Arrival]:
        """Play the lines, `pace_s` apart; a typed line that cannot be read is told to the log and skipped."""
        number = 0
        is_first = True
        async for line in _each(self._script) if self._settings.script else _standard_input(self.context.log):
            number += 1
            try:
                said = read_line(line)
            except ParseError as error:
                self.context.log.warning("console_line_unreadable", line=number, error=str(error))
                continue
            if said is None:
                continue
            if self._settings.pace_s and not is_first:
                await self.context.sleep(self._settings.pace_s)
            is_first = False
            yield self._arrival(number, *said)

    async def send(self, delivery: Delivery) -> ExternalId:
        """Print it, once per key."""
        if delivery.id not in self._printed:
            sys.stdout.write(f"{delivery.to.id}< {_one_line(delivery.content.text)}\n")
            sys.stdout.flush()
            self._printed[delivery.id] = None
            if len(self._printed) > KEYS_MAX:
                del self._printed[next(iter(self._printed))]
        return ExternalId(delivery.id)

    def _arrival(self, number: int, address: str, text: str) -> Arrival:
        customer = CustomerAddress(channel=self.context.channel, id=address)
        key = f"{self.context.run_id}-{number}"
        at = self.context.clock()
        if text == LEAVE:
            return CustomerLeft(dedupe_key=key, address=customer, at=at)
        content = Text(text=text)
        return Inbound(dedupe_key=key, address=customer, content=content, at=at, external_id=ExternalId(key))


def read_line(line: str) -> tuple[str, str] | None:
    """Read `ADDRESS> text` into both, None for a line without one; raises ParseError for anything else."""
    line = line.rstrip("\r\n")
    if not line.strip() or line.startswith("#"):
        return None
    found = LINE.fullmatch(line)
    if found is None:
        raise ParseError("a customer's line reads `ADDRESS> text`")
    return found["address"], found["text"].strip()


async def _each(lines: Iterable[str]) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def _standard_input(log: ChannelLog) -> AsyncIterator[str]:
    # A read of standard input cannot be cancelled: a daemon thread may be left in it without holding up the end.
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    source = sys.stdin

    def read() -> None:
        with suppress(RuntimeError):  # The loop is closed: nobody is waiting any more.
            try:
                for line in source:
                    loop.call_soon_threadsafe(lines.put_nowait, line)
            except (OSError, ValueError) as error:  # A terminal that is gone, closed under the reader, or not text.
                log.warning("console_input_ended", error=type(error).__name__)
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, name="console-input", daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line


def _one_line(text: str) -> str:
    # Control characters would break the line, or command the terminal; joiners and accents stay as they are.
    return "".join(
        sign.encode("unicode_escape").decode() if unicodedata.category(sign) in LINE_BREAKERS else sign for sign in text
    )


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the adapter."""
    registry.channel(Console)
