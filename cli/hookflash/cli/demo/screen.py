"""How the demo looks: a headline for each step, and under it who did what and what the engine sent to whom.

Who speaks is always a word before the line; colour only underlines it. Where stdout is no terminal every line is plain
and whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from hookflash.cli.demo.beside import Row, beside
from hookflash.cli.demo.heard import Kind
from hookflash.cli.text import bare, plain
from hookflash.cli.timeline_lines import WHISPER_STYLE, Parts, entry_parts, transcript_parts
from hookflash.cli.views import clock

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from hookflash.cli.demo.actors import Customer, Desk
    from hookflash.cli.demo.promises import Check
    from hookflash.sdk.client import messages as m

__all__ = ["SERVER_LABEL", "Screen"]

SERVER_LABEL: Final = "Server"
_STYLES: Final = {
    "Ann": "bold cyan",
    "Bob": "bold yellow",
    "Cleo": "bold green",
    "Dan": "bold blue",
    "Customer": "bold magenta",
    SERVER_LABEL: "bold red",
}
_TEXT_STYLES: Final = {Kind.WHISPER: WHISPER_STYLE, Kind.WITHDRAWN: "yellow"}
_DOES, _HEARS = ">", "<"
_LABEL_WIDTH, _KIND_WIDTH = 8, 9
_LINE_PAUSE_S, _STEP_PAUSE_S = 0.5, 1.5
_WIDTH_MAX: Final = 110


class Screen:
    """Prints the story, at a reader's pace unless it is fast."""

    def __init__(self, console: Console, *, is_fast: bool) -> None:
        self._console = console
        self._is_fast = is_fast

    async def begin(self) -> None:
        """Say how to read what follows."""
        self._print([("hookflash demo", "bold"), (": a customer, four agents and a server that dies once.", "")])
        self._print(
            [(f"{_DOES}", "bold"), (" what somebody does   ", ""), (_HEARS, "bold"), (" what the engine sent", "")]
        )

    async def step(self, where: str, quote: str = "") -> None:
        """Begin a step: where in the seed it is told, and in which words."""
        self._print([])
        self._print([(f"== {where} ", "bold reverse" if self._console.is_terminal else "")])
        if quote:
            self._print([(f'   "{quote}"', "italic")])
        await self._pause(_STEP_PAUSE_S)

    async def does(self, label: str, what: str) -> None:
        """Print what somebody does: the demo's own words."""
        await self._line(label, _DOES, "", what)

    async def hears(self, actor: Desk | Customer) -> None:
        """Print everything that the engine sent to one of them since the last time."""
        for heard in actor.log.unshown():
            if heard.kind is Kind.OFFER and heard.offer is not None:
                await self._offer(actor.label, heard.offer)
            elif heard.kind is not Kind.WELCOME:
                sender = f"{bare(heard.sender)}: " if heard.sender else ""
                await self._line(actor.label, _HEARS, heard.kind.value, sender + heard.text)

    async def answer(self, label: str, kind: str, text: str) -> None:
        """Print what the engine answered to somebody's question."""
        await self._line(label, _HEARS, kind, text)

    async def offer_again(self, label: str, offer: m.Offer) -> None:
        """Print an offer that a desk is shown after it came back."""
        await self._line(label, _HEARS, "offer", f"{offer.name}, to be answered until {_moment(offer)}")

    async def queues(self, label: str, queues: Sequence[m.Queue]) -> None:
        """Print the list from which a queue is chosen."""
        width = max(len(plain(queue.display_name)) for queue in queues)
        await self._line(label, _HEARS, "queues", f"{'NAME':<{width}}  AVAILABLE (ready + active)")
        for queue in queues:
            await self._line(label, _HEARS, "", f"{queue.display_name:<{width}}  {queue.stats.available}")

    async def views(self, timeline: Sequence[m.TimelineEntry], transcript: Sequence[m.TranscriptEntry]) -> None:
        """Print what the agents see and what the customer sees of the same conversation, side by side."""
        if self._console.is_terminal:
            self._side_by_side(beside(timeline, transcript))
        else:
            for entry in timeline:
                self._print([("Agents   | ", ""), *entry_parts(entry)])
            for line in transcript:
                self._print([("Customer | ", ""), *transcript_parts(line)])
        await self._pause(_LINE_PAUSE_S * len(timeline))

    def checks(self, checks: Sequence[Check]) -> None:
        """Print what was promised and whether it was seen."""
        self._print([])
        self._print([("== What the seed promises, and what was seen", "bold")])
        step, who = (max(len(getattr(each, name)) for each in checks) for name in ("step", "who"))
        for each in checks:
            mark, style = (self._tick, "green") if each.is_kept else ("MISSING", "bold red")
            line = f"{each.step:<{step}}  {each.who:<{who}}  {plain(each.promise)}"
            self._row([(f"{mark:<8}", style)], [(line, "")])

    def end(self, sentence: str) -> None:
        """Print the last sentence."""
        self._print([])
        self._print([(sentence, "bold")])

    @property
    def _tick(self) -> str:
        return "✓ seen" if self._console.encoding.lower().startswith("utf") else "seen"

    async def _offer(self, label: str, offer: m.Offer) -> None:
        who = f"{offer.customer_name} ({'identified' if offer.customer_identified else 'not identified'})"
        await self._line(
            label, _HEARS, "offer", offer.heading or f"{offer.customer_name} in {offer.queue_display_name}"
        )
        await self._line(label, _HEARS, "", f"channel {offer.channel_kind}, customer {who}")
        if offer.HasField("note"):
            await self._line(label, _HEARS, "", f"note: {offer.note}")
        await self._line(label, _HEARS, "", f"{offer.name}, to be answered until {_moment(offer)}")

    async def _line(self, label: str, mark: str, kind: str, text: str) -> None:
        style = _STYLES.get(label, "bold")
        text_style = "" if mark == _HEARS else "dim"
        text_style = next((_TEXT_STYLES[each] for each in _TEXT_STYLES if each.value == kind), text_style)
        head = [(f"{label:<{_LABEL_WIDTH}} ", style), (f"{mark} ", "bold"), (f"{kind:<{_KIND_WIDTH}} ", "dim")]
        self._row(head, [(plain(text), text_style)])
        await self._pause(_LINE_PAUSE_S)

    def _row(self, head: Parts, body: Parts) -> None:
        """Print a head of fixed width and a body that is folded beside it, never under it."""
        from rich.table import Table

        if not self._console.is_terminal:
            self._print([*head, *body])
            return
        row = Table.grid(padding=0)
        row.add_column(width=sum(len(text) for text, _ in head), no_wrap=True)
        row.add_column(overflow="fold")
        row.add_row(_text(head), _text(body))
        self._print_whole(row)

    def _side_by_side(self, rows: Iterable[Row]) -> None:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        both = Table(box=SIMPLE_HEAD, width=min(self._console.width, _WIDTH_MAX), padding=(0, 1), show_edge=False)
        both.add_column("What the agents see", ratio=1, overflow="fold")
        both.add_column("What the customer sees", ratio=1, overflow="fold")
        for entry, line in rows:
            left = _text(entry_parts(entry)) if entry is not None else ""
            both.add_row(left, _text(transcript_parts(line)) if line is not None else "")
        self._print_whole(both)

    def _print(self, parts: Parts) -> None:
        text = _text(parts)
        if self._console.is_terminal:
            self._console.print(text)
        else:
            # A line that ends in blanks is an annoyance in files.
            text.rstrip()
            self._console.print(text, soft_wrap=True)
        self._console.file.flush()

    def _print_whole(self, whole: RenderableType) -> None:
        self._console.print(whole)
        self._console.file.flush()

    async def _pause(self, seconds: float) -> None:
        if not self._is_fast:
            await asyncio.sleep(seconds)


def _text(parts: Parts) -> Text:
    from rich.text import Text

    return Text.assemble(*parts)


def _moment(offer: m.Offer) -> str:
    return f"{clock(offer.expire_time)}.{offer.expire_time.nanos // 1_000_000:03d}"
