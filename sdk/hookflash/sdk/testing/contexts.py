"""What an adapter is given in a test: a log and a store that can be looked at, and a time that passes at once."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import final

import httpx

from hookflash.sdk.channel import Arrival, ChannelContext
from hookflash.sdk.testing.fakes.loopback import loopback_client
from hookflash.sdk.types import ChannelId

__all__ = ["RecordedLog", "RecordedStore", "channel_context"]


@final
class RecordedLog:
    """A ChannelLog that keeps what it is told in `entries`: level, event and fields."""

    def __init__(self) -> None:
        """Start empty."""
        self.entries: list[tuple[str, str, Mapping[str, object]]] = []

    def info(self, event: str, **fields: object) -> None:
        """Keep it."""
        self.entries.append(("info", event, fields))

    def warning(self, event: str, **fields: object) -> None:
        """Keep it."""
        self.entries.append(("warning", event, fields))


@final
class RecordedStore:
    """A ChannelStore in a dictionary, `values`."""

    def __init__(self) -> None:
        """Start empty."""
        self.values: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        """Give what was put under the key."""
        return self.values.get(key)

    async def put(self, key: str, value: str) -> None:
        """Keep a value."""
        self.values[key] = value

    async def delete(self, key: str) -> None:
        """Forget a key."""
        self.values.pop(key, None)


def channel_context(
    channel: str = "test",
    run_id: str = "run",
    log: RecordedLog | None = None,
    *,
    http: httpx.AsyncClient | None = None,
    store: RecordedStore | None = None,
    taken: list[Arrival] | None = None,
    public_url: str = "",
) -> ChannelContext:
    """Make a context whose time is virtual: it starts at 2026-01-01 UTC and `sleep` moves it on at once.

    What the adapter hands to `take` is appended to `taken`.
    """
    kept: list[Arrival] = [] if taken is None else taken

    async def take(arrival: Arrival) -> None:
        kept.append(arrival)

    now = [datetime(2026, 1, 1, tzinfo=UTC)]

    async def sleep(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    return ChannelContext(
        channel=ChannelId(channel),
        run_id=run_id,
        log=log or RecordedLog(),
        clock=lambda: now[0],
        sleep=sleep,
        create_task=lambda coroutine: asyncio.get_running_loop().create_task(coroutine),
        http=http or loopback_client(),
        store=store or RecordedStore(),
        take=take,
        public_url=public_url,
    )
