"""From any thread into the shard: what is told to, or asked of, an entity through its pykka ref.

Answers are the entity's state once that is durable; refusals travel to whoever asked.
"""

import asyncio
from contextlib import suppress
from typing import Any

import pykka
import structlog
from pykka.messages import _ActorStop

from hookflash.engine.domain.address import Address

from .calls import Call
from .shard import Shard

__all__ = ["Mailroom"]

_log = structlog.get_logger(__name__)


class Mailroom:
    """Takes messages for all entities and hands them to the shard on its loop."""

    def __init__(self) -> None:
        """Begin without a shard; `open` names it."""
        self._loop = asyncio.get_running_loop()
        self._shard: Shard | None = None

    def open(self, shard: Shard) -> None:
        """Deliver to that shard from now on."""
        self._shard = shard

    def post(self, address: Address, message: Any, reply_to: "pykka.Future[Any] | None") -> None:  # noqa: ANN401
        """Take a message from any thread."""
        with suppress(RuntimeError):  # The loop is closed: nobody is left to take a turn.
            self._loop.call_soon_threadsafe(self._deliver, address, message, reply_to)

    def _deliver(self, address: Address, message: Any, reply_to: "pykka.Future[Any] | None") -> None:  # noqa: ANN401
        if self._shard is None or isinstance(message, _ActorStop):
            # An entity is not stopped from outside: it goes when it is passivated.
            if reply_to is not None:
                reply_to.set(None)
            return
        shard = self._shard
        done = asyncio.ensure_future(shard.submit(address, message, Call(method=type(message).__name__)))

        def reply(future: "asyncio.Future[bytes]") -> None:
            if future.cancelled():
                return
            error = future.exception()
            if error is None and reply_to is not None:
                reply_to.set(shard.state(address))
            elif error is not None and reply_to is not None:
                reply_to.set_exception((type(error), error, error.__traceback__))
            elif error is not None:
                _log.warning("tell.refused", address=str(address), command=type(message).__name__)

        done.add_done_callback(reply)
