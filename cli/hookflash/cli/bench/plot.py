"""The figures as an SVG picture: bars with their medians, whiskers from the lowest round to the highest.

Drawn by hand, since a page needs no more; its colours follow the reader's light or dark setting.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, NamedTuple

from hookflash.cli.bench.figures import Figure
from hookflash.cli.bench.report import rounded

__all__ = ["Bar", "Panel", "drawn", "panels_of"]

_WIDTH: Final = 860
_LEFT, _RIGHT = 290, 130
_BAR, _GAP, _HEAD, _FOOT = 18, 8, 44, 22
_SPAN: Final = _WIDTH - _LEFT - _RIGHT
_STYLE: Final = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .head { font-weight: 600; font-size: 15px; }
  .soft { font-size: 11px; fill: #59636e; }
  .goal-word { font-size: 12px; fill: #bc4c00; }
  .page { fill: #ffffff; } .bar { fill: #0969da; } .bare { fill: #8c959f; }
  .whisker { stroke: #1f2328; stroke-width: 1.5; } .axis { stroke: #d1d9e0; }
  .goal { stroke: #bc4c00; stroke-width: 2; stroke-dasharray: 4 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .soft { fill: #9198a1; } .goal-word { fill: #f0883e; }
    .page { fill: #0d1117; } .bar { fill: #4493f8; } .bare { fill: #656c76; }
    .whisker { stroke: #f0f6fc; } .axis { stroke: #3d444d; } .goal { stroke: #f0883e; }
  }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One figure; `is_bare` where it is not ours but what ours is compared with."""

    label: str
    figure: Figure
    is_bare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Bars of one unit under one heading; `is_log` where they differ by orders of magnitude."""

    head: str
    unit: str
    bars: Sequence[Bar]
    goal: float | None = None
    is_log: bool = False


def panels_of(figures: Sequence[Figure]) -> list[Panel]:
    """Return the panels for whatever was measured of what is worth a picture; none is empty."""
    found = {(figure.group, figure.name): figure for figure in figures}
    panels = [
        Panel(
            head=pictured.head,
            unit=pictured.unit,
            goal=pictured.goal,
            is_log=pictured.is_log,
            bars=[
                Bar(label=label, figure=found[group, name], is_bare=is_bare)
                for label, group, name, is_bare in pictured.bars
                if (group, name) in found
            ],
        )
        for pictured in _PICTURED
    ]
    return [panel for panel in panels if panel.bars]


class _Pictured(NamedTuple):
    head: str
    unit: str
    bars: tuple[tuple[str, str, str, bool], ...]
    """Each bar's label, the group and name of its figure, and whether it is not ours."""
    goal: float | None = None
    is_log: bool = False


def _over_grpc(name: str) -> tuple[tuple[str, str, str, bool], ...]:
    item = "messages" if name == "calls" else name
    return (
        ("bare grpc.aio echo", "bare echo, 64 in flight", name, True),
        ("SendMessage, nobody listening", "SendMessage, 64 in flight", name, False),
        ("Whisper, nobody listening", "Whisper, 64 in flight", name, False),
        (
            "SendMessage, desk and adapter listening",
            "SendMessage, 64 in flight, desk and adapter listening",
            item,
            False,
        ),
        ("SendMessage, the obvious design", "the obvious design: SendMessage, 64 in flight", name, True),
        ("Whisper, the obvious design", "the obvious design: Whisper, 64 in flight", name, True),
    )


def _actors(name: str, count: str) -> tuple[tuple[str, str, str, bool], ...]:
    libraries = ("hookflash, whole turns", "pykka threads", "asyncio tasks", "xoscar", "thespian, in one process")
    return tuple((each, f"{each}, {count} actors", name, not each.startswith("hookflash")) for each in libraries)


_PICTURED: Final = (
    _Pictured("Durable calls a second over gRPC, 64 in flight", "/s", _over_grpc("calls")),
    _Pictured("Their p99", "ms", _over_grpc("p99")),
    _Pictured(
        "Whole cycles a second over gRPC, 16 conversations at once",
        "/s",
        (
            ("transfer", "transfer cycle, 16 at once", "cycles", False),
            ("conference", "conference cycle, 16 at once", "cycles", False),
            ("transfer, the obvious design", "the obvious design: transfer cycle, 16 at once", "cycles", True),
        ),
        goal=500,
    ),
    _Pictured(
        "Durable records a second in one process, without gRPC, 256 in flight",
        "/s",
        (
            ("bare SQLite, groups of 256", "floor: SQLite, synced, 256 records of 550 bytes a commit", "records", True),
            ("550-byte writes", "in process: 550-byte writes, 256 in flight", "cascades", False),
            ("transfer cascades", "in process: transfer cascades, 256 in flight", "cascades", False),
        ),
    ),
    _Pictured("Messages a second among 10,000 actors", "/s", _actors("many to many", "10,000"), is_log=True),
    _Pictured("Memory of each of 10,000 actors", "KiB", _actors("memory each", "10,000"), is_log=True),
)


def drawn(panels: Sequence[Panel], caption: str) -> str:
    """Return the picture as the text of an SVG file."""
    parts: list[str] = []
    y = 12
    for panel in panels:
        parts += _panel(panel, y)
        y += _HEAD + len(panel.bars) * (_BAR + _GAP) + _FOOT
    height = y + 24
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            f"<title>{escape(caption)}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="page" width="{_WIDTH}" height="{height}"/>',
            *parts,
            f'<text class="soft" x="16" y="{height - 12}">{escape(caption)}</text>',
            "</svg>\n",
        )
    )


def _panel(panel: Panel, y: int) -> list[str]:
    top = max([panel.goal or 0.0, *(bar.figure.high for bar in panel.bars)])
    bottom = min(bar.figure.low for bar in panel.bars)
    lines = [f'<text class="head" x="16" y="{y + 20}">{escape(panel.head)}</text>']
    end = y + _HEAD + len(panel.bars) * (_BAR + _GAP)
    lines.append(f'<line class="axis" x1="{_LEFT}" y1="{y + _HEAD - 6}" x2="{_LEFT}" y2="{end}"/>')
    for number, bar in enumerate(panel.bars):
        at = y + _HEAD + number * (_BAR + _GAP)
        middle = at + _BAR / 2
        low, mid, high = (
            _LEFT + _SPAN * _scaled(value, bottom, top, is_log=panel.is_log)
            for value in (bar.figure.low, bar.figure.median, bar.figure.high)
        )
        kind = "bare" if bar.is_bare else "bar"
        value = f"{rounded(bar.figure.median)} {panel.unit}"
        lines += [
            f'<text x="{_LEFT - 10}" y="{at + 14}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{at}" width="{mid - _LEFT:.1f}" height="{_BAR}" rx="2"/>',
            f'<line class="whisker" x1="{low:.1f}" y1="{middle:g}" x2="{high:.1f}" y2="{middle:g}"/>',
            f'<text x="{high + 8:.1f}" y="{at + 14}">{escape(value)}</text>',
        ]
    if panel.goal is not None:
        x = _LEFT + _SPAN * _scaled(panel.goal, bottom, top, is_log=panel.is_log)
        lines.append(f'<line class="goal" x1="{x:.1f}" y1="{y + _HEAD - 6}" x2="{x:.1f}" y2="{end}"/>')
        goal = f"goal {rounded(panel.goal)}"
        lines.append(f'<text class="goal-word" x="{x:.1f}" y="{y + _HEAD - 10}" text-anchor="middle">{goal}</text>')
    return lines


def _scaled(value: float, bottom: float, top: float, *, is_log: bool) -> float:
    """Return how far along the axis a value lies, 0 to 1; an axis of powers of ten begins one below the lowest."""
    if top <= 0.0 or value <= 0.0:
        return 0.0
    if not is_log:
        return value / top
    least = 10.0 ** (math.floor(math.log10(bottom)) - 1) if bottom > 0 else top / 1e6
    return math.log(value / least) / math.log(top / least)
