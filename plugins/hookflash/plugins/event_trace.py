"""Shows on standard error what happens, a line an event: for looking over an engine's shoulder.

    [plugins.event_trace]
    kinds = "InvitePlaced OfferMade OfferEnded"     # all without it

It sees no text, and may miss events when they come too fast; what must not miss any is a sink.
"""

import sys
from dataclasses import dataclass

from hookflash.sdk import EngineFacts, EventHeader, Registry, hookimpl

__all__ = ["NEEDS_CONFIG", "SDK_API", "Config", "EventTrace"]

SDK_API = ">=1.0,<2"
NEEDS_CONFIG = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`[plugins.event_trace]`: the kinds of events to show, with blanks between."""

    kinds: str = ""


class EventTrace:
    """The plugin."""

    def __init__(self) -> None:
        """Show everything before there are settings."""
        self._kinds: frozenset[str] = frozenset()
        self._shown = 0

    @hookimpl
    def hookflash_register(self, registry: Registry) -> None:
        """Read the settings."""
        self._kinds = frozenset(registry.config(Config).kinds.split())

    @hookimpl
    def hookflash_engine_started(self, engine: EngineFacts) -> None:
        """Say who is traced."""
        _write(f"engine {engine.version} started, {len(engine.channels)} channels")

    @hookimpl
    def hookflash_event(self, event: EventHeader) -> None:
        """Show one."""
        if not self._kinds or event.kind in self._kinds:
            self._shown += 1
            ids = "".join(f" {name}={value}" for name, value in event.ids.items())
            _write(f"{event.position:>8} {event.address} {event.kind}{ids}")

    @hookimpl
    def hookflash_engine_stopping(self, reason: str) -> None:
        """Say how many were shown."""
        _write(f"engine stops ({reason}), {self._shown} events shown")


def _write(line: str) -> None:
    sys.stderr.write(f"trace {line}\n")
