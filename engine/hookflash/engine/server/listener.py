"""Where calls come in: the front that speaks gRPC is started, kept, and told which methods it takes calls for.

A front that ends is started again on the same port. Whoever was connected loses his connection, as when a network
fails, and nothing else: a front keeps nothing. The engine, which keeps everything, does not end for it.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from time import monotonic
from typing import Final, Protocol

import msgspec
import structlog

from hookflash.engine.front.frames import Drain
from hookflash.engine.server.exposure import address_of, address_taken, listening
from hookflash.engine.server.fronts import FrontThread, RunningFront
from hookflash.engine.server.link import Handlers, Link, kind_of
from hookflash.engine.settings import Settings
from hookflash.engine.starting import StartError

__all__ = ["FrontListener", "Listener"]

_RESTART_S: Final = 1.0
_log = structlog.get_logger("hookflash.server")


class Listener(Protocol):
    """What brings the calls: a front, or what stands for one in a simulation."""

    async def start(
        self,
        settings: Settings,
        handlers: Handlers,
        *,
        commands: Collection[str],
        restarted: Callable[[], None],
    ) -> str:
        """Take the address and serve; the answer is the address that was taken. Raises StartError.

        `commands` are the paths of those calls that a flood is made of: the limit of unary calls holds for them before
        they are handed over. `restarted` is told each time that what listens had to be replaced.
        """

    async def stop(self, grace_s: float) -> None:
        """Take no more calls, wait for those at work, and cut off what is still there after the grace."""


class FrontListener:
    """Listens through a front."""

    def __init__(
        self, options: Sequence[tuple[str, int]], start_front: Callable[[], RunningFront] = FrontThread
    ) -> None:
        """Take gRPC's options, and what starts a front."""
        self._options, self._start_front = tuple(options), start_front
        self._is_stopping = False
        self._keeping: asyncio.Task[None] | None = None
        self._link: Link
        self.front: RunningFront

    async def start(
        self,
        settings: Settings,
        handlers: Handlers,
        *,
        commands: Collection[str] = (),
        restarted: Callable[[], None] = lambda: None,
    ) -> str:
        """Take the address and serve; `restarted` is told each time that a front had to be replaced."""
        methods = tuple((path, kind_of(handler)) for path, handler in handlers.items())
        self._handlers = tuple(handlers.values())
        counted = frozenset(index for index, (path, _) in enumerate(methods) if path in commands)
        self._listen = listening(settings, methods, self._options, counted)
        port = await self._begin()
        if not port:
            await self.front.end()
            raise address_taken(settings.listen)
        address = address_of(settings.listen, port)
        self._listen = msgspec.structs.replace(self._listen, address=address)
        self._keeping = asyncio.ensure_future(self._keep(restarted))
        return address

    async def stop(self, grace_s: float) -> None:
        """Take no more calls, wait for those at work, and cut off what is still there after the grace."""
        self._is_stopping = True
        if self._keeping is not None:
            self._link.send(Drain(grace_s))
            await self._keeping

    async def _begin(self) -> int:
        """Start a front; the port that it took, 0 where it could take none. Raises StartError."""
        try:
            self.front = self._start_front()
        except OSError as error:
            raise StartError(f"The process that speaks gRPC cannot be started: {error.strerror}.") from error
        self._link = link = Link(self._handlers)
        await asyncio.get_running_loop().create_unix_connection(lambda: link, sock=self.front.socket)
        link.send(self._listen)
        return await link.port

    async def _keep(self, restarted: Callable[[], None]) -> None:
        """Have a front until the stop."""
        while True:
            begun = monotonic()
            await self._link.lost()
            how = await self.front.end()
            if self._is_stopping:
                return
            _log.error("front.ended", how=how)
            restarted()
            # At once, but one that does not live is not tried again and again.
            await asyncio.sleep(max(0.0, begun + _RESTART_S - monotonic()))
            try:
                if not await self._begin():
                    _log.error("front.not_listening", why="the address was taken meanwhile")
            except StartError as error:
                _log.error("front.not_started", why=str(error))
            if self._is_stopping:
                self._link.send(Drain(0.0))
