"""Channels whose adapter runs in a process of its own: `hookflash channel run`, started and started again from here.

Such a process is a caller like any: it has a token that is bound to its channel and made anew at each start, and what
it does wrong is a call's refusal or its own end. It ends with this one, however that ends: its standard input is ours.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, final

import structlog

from hookflash.engine.actors.calls import Call, Sealed
from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.struct import Struct
from hookflash.engine.domain.values import ChannelSettings, TokenSettings
from hookflash.engine.journal.record import CauseKind
from hookflash.engine.plugins import IsolatedAdapter
from hookflash.engine.server.ports import Engine
from hookflash.engine.server.tokens import digest_of, new_token, write_secret
from hookflash.sdk.types import ChannelId, Role

__all__ = ["ChannelProcesses", "ProcessReport"]

_BOOT: Final = Call(cause=CauseKind.BOOT)
_COMMAND: Final = (sys.executable, "-m", "hookflash.cli", "channel", "run")
_BACKOFF_S: Final = 1.0
_BACKOFF_MAX_S: Final = 60.0
_LASTING_S: Final = 60.0
_END_S: Final = 10.0

_log = structlog.get_logger("hookflash.channel")


class ProcessReport(Struct, frozen=True, kw_only=True):
    """A channel's process since `since`; `ended` says how the one before it, or the last one, ended."""

    is_running: bool
    since: float
    ended: str = ""


@final
class ChannelProcesses:
    """The processes of one engine's channels; without an isolated adapter there is nothing to it."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        """Start nothing yet."""
        self._engine = engine
        self._now = now
        self._adapters = {adapter.kind: adapter for adapter in engine.plugins.isolated_adapters}
        self._address = ""
        self._running: dict[ChannelId, tuple[ChannelSettings, asyncio.Task[None]]] = {}
        self._reports: dict[ChannelId, ProcessReport] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def start(self, address: str) -> None:
        """Start what is applied so far; `address` is where this server listens."""
        self._address = _near(address)
        if self._adapters:
            for settings in self._engine.shard.facts.channels().values():
                self._want(settings.id, settings)

    def hear(self, group: Sequence[Sealed]) -> None:
        """Start and stop what is applied and deleted from now on."""
        if not self._adapters or not self._address:
            return
        for sealed in group:
            for fact in sealed.record.facts:
                if isinstance(fact.event, e.ChannelConfigured):
                    self._want(fact.event.settings.id, fact.event.settings)
                elif isinstance(fact.event, e.ChannelDeleted):
                    self._want(ChannelId(fact.subject.id), None)

    @property
    def reports(self) -> Mapping[ChannelId, ProcessReport]:
        """The channels that have a process, as they are now."""
        return self._reports

    async def stop(self) -> None:
        """End every process, side by side."""
        self._address = ""
        for channel in list(self._running):
            self._want(channel, None)
        if self._ending:
            await asyncio.wait(self._ending, timeout=2 * _END_S)

    def _want(self, channel: ChannelId, settings: ChannelSettings | None) -> None:
        adapter = None if settings is None or settings.is_external else self._adapters.get(settings.kind)
        running = self._running.get(channel)
        if running is not None and adapter is not None and running[0] == settings:
            return
        before = None
        if running is not None:
            before = self._running.pop(channel)[1]
            self._reports.pop(channel, None)
            before.cancel()
            self._ending.add(before)
            before.add_done_callback(self._ending.discard)
        if settings is not None and adapter is not None and self._address:
            task = asyncio.get_running_loop().create_task(self._keep(settings, adapter, before))
            self._running[channel] = (settings, task)
            self._reports[channel] = ProcessReport(is_running=True, since=self._now())

    async def _keep(
        self, settings: ChannelSettings, adapter: IsolatedAdapter, before: "asyncio.Task[None] | None"
    ) -> None:
        """Run the channel's process, again and again, with ever longer pauses while it does not last."""
        if before is not None:
            await asyncio.wait((before,))
        failures = 0
        ended = ""
        while True:
            began = self._now()
            self._reports[settings.id] = ProcessReport(is_running=True, since=began, ended=ended)
            try:
                ended = await self._run(settings, adapter)
            except (OSError, Refusal) as error:
                ended = f"could not be started ({type(error).__name__})"
            failures = 1 if self._now() - began > _LASTING_S else failures + 1
            pause_s = min(_BACKOFF_S * 2.0 ** min(failures - 1, 20), _BACKOFF_MAX_S)
            self._engine.plugins.report_fault(
                adapter.plugin, f"channels/{settings.id} process", ended, f"started again in {pause_s:g} s"
            )
            ended = f"{ended}, and is started again after {pause_s:g} s"
            self._reports[settings.id] = ProcessReport(is_running=False, since=self._now(), ended=ended)
            await asyncio.sleep(pause_s)

    async def _run(self, settings: ChannelSettings, adapter: IsolatedAdapter) -> str:
        """Run the process once; how it ended, in words."""
        token_file = self._engine.settings.data / f"channel-{settings.id}.token"
        token = await self._new_token(settings.id, token_file)
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command(settings, adapter, token_file), stdin=PIPE, stdout=DEVNULL
            )
            _log.info("channel_process_started", channel=settings.id, kind=settings.kind, pid=process.pid)
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                await _end(process)
                raise
            return f"exited with {code}" if code >= 0 else f"was ended by signal {-code}"
        finally:
            with suppress(Refusal):
                await self._engine.shard.submit(token, c.RevokeToken(), _BOOT)
            await asyncio.to_thread(token_file.unlink, missing_ok=True)

    def _command(self, settings: ChannelSettings, adapter: IsolatedAdapter, token_file: Path) -> list[str]:
        # Secrets are references among the settings, so there is none on this command line.
        command = [*_COMMAND, settings.kind, "--channel", settings.id, "--engine", self._address]
        command += ["--token-file", str(token_file), "--ends-with-input"]
        command += ["--state", str(self._engine.settings.data / f"channel-{settings.id}.sqlite")]
        for key, value in settings.settings.items():
            command += ["--set", f"{key}={value}"]
        if adapter.file is not None:
            command += ["--plugin", str(adapter.file)]
        if adapter.listen:
            command += ["--listen", adapter.listen]
        http = self._engine.settings.http
        if url := http.url_of(settings.id):
            command += ["--public-url", url]
        for allowed in http.allow_private:
            command += ["--allow-private", allowed]
        return command

    async def _new_token(self, channel: ChannelId, file: Path) -> Address:
        made = new_token()
        settings = TokenSettings(
            id=made.id,
            subject=f"channels/{channel}",
            role=Role.ADAPTER,
            digest=digest_of(made.secret),
            created_at=self._now(),
            channel=channel,
        )
        address = Address(Kind.TOKEN, made.id)
        await self._engine.shard.submit(address, c.CreateToken(settings=settings), _BOOT)
        await asyncio.to_thread(write_secret, file, made.secret)
        return address


async def _end(process: Process) -> None:
    """End a process in order, and at once where it does not."""
    with suppress(ProcessLookupError):
        process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _END_S)
            return
        process.kill()
        await process.wait()


def _near(address: str) -> str:
    """Where this machine reaches a server that listens on that address."""
    host, _, port = address.rpartition(":")
    return f"127.0.0.1:{port}" if host in ("0.0.0.0", "[::]") else address  # noqa: S104 - it is compared with
