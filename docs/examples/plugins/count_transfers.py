"""`hookflash_engine_started`, `hookflash_event` and `hookflash_engine_stopping`: watch, and never be in the way.

Events come on a thread of their own and may be missed when it is too slow: for what must be complete there are sinks.
"""

from collections import Counter

from hookflash.sdk import EngineFacts, EventHeader, hookimpl

SDK_API = ">=1.0,<2"

seen: Counter[str] = Counter()


@hookimpl
def hookflash_engine_started(engine: EngineFacts) -> None:
    """Begin to count."""
    seen.clear()
    seen[f"started {engine.version}"] = 1


@hookimpl
def hookflash_event(event: EventHeader) -> None:
    """Count one more; there is no text in an EventHeader."""
    seen[event.kind] += 1


@hookimpl
def hookflash_engine_stopping(reason: str) -> None:
    """Say good-bye: an implementation names the arguments that it wants."""
    seen[f"stopped: {reason}"] = 1
