"""`hookflash serve`: an engine and its server in this process, from the first line of output to an orderly end.

A signal drains; a journal that fails ends the process with a sentence, since after a failed fsync nothing that was
not acknowledged can be known (guarantees, section 6).
"""

import asyncio
import logging
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, TextIO

import structlog

from hookflash.engine import collector
from hookflash.engine.edge.inbox_file import INBOX_FILE, InboxFile
from hookflash.engine.engine import Engine, Threads
from hookflash.engine.failpoints import Failpoints
from hookflash.engine.journal.port import JournalBroken
from hookflash.engine.journal.sqlite import SqliteJournal
from hookflash.engine.journal.writer import QUICK_S, JournalWriter
from hookflash.engine.server.app import Server, options_of
from hookflash.engine.server.fronts import FrontProcess
from hookflash.engine.server.listener import FrontListener
from hookflash.engine.settings import LogSettings, Settings
from hookflash.engine.starting import StartError
from hookflash.engine.views.examination import last_shown
from hookflash.engine.views.projector_process import ProjectorProcess
from hookflash.engine.views.store import VIEWS_FILE, Views

if TYPE_CHECKING:
    from hookflash.engine.edge.http.edge import HttpEdge

__all__ = ["THREADS", "configure_log", "run"]

THREADS = Threads(writer=partial(JournalWriter, quick_s=QUICK_S), projector=ProjectorProcess)
"""A server's loop has the interpreter to itself: it commits by itself, and the views are another process's work."""


def run(settings: Settings, *, announce: Callable[[str], None]) -> int:
    """Serve until a signal comes. Answers the exit code; `announce` is told the address.

    Raises JournalError where the data directory cannot be used, PluginsNotLoadedError in a strict start, and
    StartError where the server cannot listen or the views cannot be written; each with a sentence for people.
    """
    configure_log(settings.log)
    return asyncio.run(_serve(settings, announce))


async def _serve(settings: Settings, announce: Callable[[str], None]) -> int:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[JournalBroken | None] = loop.create_future()

    def end(broken: JournalBroken | None = None) -> None:
        if not ended.done():
            ended.set_result(broken)

    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, end)
    with ExitStack() as undo:
        place = settings.data / VIEWS_FILE
        # Looked at before both are opened: that writes the journal, and makes views of another release anew.
        journal = SqliteJournal.open(settings.data, Failpoints.from_environment(), known=last_shown(place))
        undo.callback(journal.close)
        inbox = _open_inbox(settings)
        undo.callback(inbox.close)
        try:
            views = Views.open(place)
            undo.callback(views.close)
            engine = Engine.assemble(settings, journal, views, threads=THREADS, inbox_file=inbox, on_broken=end)
        except sqlite3.Error as error:
            words = f"The views in {settings.data} cannot be written ({error}). See to the disk, then start again."
            raise StartError(words) from error
        undo.pop_all()  # From here on the engine closes them.
    http: HttpEdge | None = None
    try:
        await engine.start()
        http = await _start_http(engine)
        collector.calm()
        looking = loop.create_task(collector.look_at_everything())
        server = Server(engine, listener=FrontListener(options_of(engine.limits), FrontProcess))
        address = await server.start()
        # Drained through the API it ends as it does after a signal.
        drained = loop.create_task(server.drained.wait())
        drained.add_done_callback(lambda _: end())
        announce(f"hookflash listens on {address}")
        if http is not None:
            announce(f"hookflash serves webhooks on {http.url}")
        broken = await ended
        looking.cancel()
        await server.stop()
    finally:
        if http is not None:
            await http.stop()
        await engine.stop()
    if broken is not None:
        sys.stderr.write(f"hookflash: {broken} It ends here; what was acknowledged is safe.\n")
        return 1
    return 0


async def _start_http(engine: Engine) -> "HttpEdge | None":
    settings = engine.settings
    if settings.http.listen is None:
        return None
    try:
        from hookflash.engine.edge.http import edge  # noqa: PLC0415  an extra, which not everybody has
    except ImportError as error:
        raise StartError(
            f"[http] listen = {settings.http.listen} needs {error.name}, which is not installed: install the extra with"
            " `pip install 'hookflash[web]'`, or take [http] listen out."
        ) from error
    http = edge.HttpEdge(settings.http, engine.adapters, body_bytes_max=settings.limits.webhook_body_bytes_max)
    await http.start()
    return http


def _open_inbox(settings: Settings) -> InboxFile:
    path = settings.data / INBOX_FILE
    try:
        return InboxFile(path)
    except (sqlite3.Error, OSError) as error:
        raise StartError(
            f"{path} cannot be used ({error}): it holds what customers sent and is not in their conversations yet."
            " See to the disk, or move the file away to start without it."
        ) from error


class _Unfailing:
    """Stderr for the log: what it does not take is dropped, for a full disk under a log must not stop the engine."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # ValueError: it was closed.
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def configure_log(settings: LogSettings) -> None:
    """Log to stderr, as lines for people or as JSON."""
    renderer: structlog.typing.Processor
    if settings.format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(_Unfailing(sys.stderr)),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
