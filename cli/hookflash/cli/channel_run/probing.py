"""`hookflash channel probe`: what is looked at, one thing after the other, and how it is shown.

The adapter is made and asked for its health, and not started: a running one of the same channel is not disturbed.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import httpx
import structlog

from hookflash.cli.failures import CommandError
from hookflash.sdk.channel import ChannelAdapter, ChannelContext, PullChannel
from hookflash.sdk.client import messages as m
from hookflash.sdk.config import fill
from hookflash.sdk.errors import ConfigError, SendError
from hookflash.sdk.hosting.calls import PluginFailedError
from hookflash.sdk.hosting.webhook import WebhookCalls
from hookflash.sdk.http import guarded_client
from hookflash.sdk.types import ChannelId

from .adapters import adapter_of
from .guard import AdapterGuard
from .store import FileStore

__all__ = ["Finding", "Looked", "probed", "show"]

_HEALTH_S: Final = 10.0
_REFUSED: Final = frozenset({401, 403})


class Finding(StrEnum):
    """How one check ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Looked:
    """One thing that was looked at."""

    what: str
    outcome: Finding
    why: str = ""


async def probed(
    channel: m.Channel, url: str | None, *, file: Path | None = None, allow_private: Sequence[str] = ()
) -> AsyncIterator[Looked]:
    """Look at a channel; what cannot be looked at because of an earlier finding is left out.

    `file` is the adapter's plugin, None where that is installed; `allow_private` are hosts that may be called although
    they are not in the internet.
    """
    where = "outside, by channel run" if channel.is_external else "inside the engine"
    yield Looked("applied", Finding.OK, f"kind {channel.kind}, served {where}")
    try:
        adapter_class = adapter_of(channel.kind, file)
    except CommandError as error:
        if channel.is_external:
            yield Looked(
                "adapter", Finding.SKIPPED, "none of this kind is installed here; a program of yours serves it"
            )
        else:
            yield Looked("adapter", Finding.FAILED, str(error))
        return
    yield Looked("adapter", Finding.OK, f"{adapter_class.__module__}.{adapter_class.__name__}")
    try:
        config = fill(adapter_class.Config, dict(channel.settings))
    except ConfigError as error:
        yield Looked("settings", Finding.FAILED, str(error))
        return
    yield Looked("settings", Finding.OK, f"{len(channel.settings)} given, secrets read")
    with tempfile.TemporaryDirectory() as folder:
        async with guarded_client(allow_private) as http:
            store = FileStore(Path(folder) / "memory.sqlite")
            adapter = adapter_class(_context(channel, http, store), config)
            yield await _signature(adapter, is_insecure=getattr(config, "insecure", False) is True)
            yield await _health(adapter)
            if url is not None:
                yield await _webhook(http, url)
            store.close()


def show(findings: Sequence[Looked], form: str) -> None:
    """Print the findings, as a table or as data."""
    if form in ("json", "jsonl", "yaml"):
        print(json.dumps([{"check": each.what, "outcome": each.outcome, "why": each.why} for each in findings]))
        return
    for each in findings:
        print(f"{each.outcome:<8} {each.what:<10} {each.why}".rstrip())


def _context(channel: m.Channel, http: httpx.AsyncClient, store: FileStore) -> ChannelContext:
    async def take(_arrival: object) -> None:
        return

    return ChannelContext(
        channel=ChannelId(channel.name.rpartition("/")[2]),
        run_id="probe",
        log=structlog.get_logger("hookflash.channel"),
        clock=lambda: datetime.now(UTC),
        sleep=asyncio.sleep,
        create_task=lambda coroutine: asyncio.get_running_loop().create_task(coroutine),
        http=http,
        store=store,
        take=take,
    )


async def _signature(adapter: ChannelAdapter, *, is_insecure: bool) -> Looked:
    if isinstance(adapter, PullChannel):
        return Looked("signature", Finding.SKIPPED, "it fetches what comes; nobody calls it")
    guard = AdapterGuard("probe", type(adapter))
    try:
        is_open = await WebhookCalls(adapter, guard.calls, unreadable="").is_unguarded("/")
    except PluginFailedError as error:
        return Looked("signature", Finding.FAILED, f"the check itself fails: {error}")
    finally:
        await guard.stop()
    if not is_open:
        return Looked("signature", Finding.OK, "an unsigned request is refused")
    why = "an unsigned request is taken"
    return (
        Looked("signature", Finding.OK, f"{why}, as insecure = true says")
        if is_insecure
        else Looked("signature", Finding.FAILED, f"{why}: give it the provider's secret")
    )


async def _health(adapter: ChannelAdapter) -> Looked:
    if type(adapter).health is ChannelAdapter.health:
        return Looked("provider", Finding.SKIPPED, "the adapter has no check of its own")
    try:
        async with asyncio.timeout(_HEALTH_S):
            await adapter.health()
    except SendError as error:
        return Looked("provider", Finding.FAILED, f"{type(error).__name__}: {error}")
    except TimeoutError:
        return Looked("provider", Finding.FAILED, f"no answer within {_HEALTH_S:g} s")
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises that is not running
        return Looked("provider", Finding.SKIPPED, f"it can be asked only while it runs ({type(error).__name__})")
    return Looked("provider", Finding.OK, "it would take a delivery now")


async def _webhook(http: httpx.AsyncClient, url: str) -> Looked:
    try:
        answer = await http.post(url, content=b"")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Looked("webhook", Finding.FAILED, f"{url} cannot be reached: {str(error) or type(error).__name__}")
    if answer.status_code in _REFUSED:
        return Looked("webhook", Finding.OK, "it is reached, and refuses a stranger")
    return Looked("webhook", Finding.FAILED, f"it answers a stranger with {answer.status_code}, not with 401 or 403")
