"""The asynchronous client: every call of the API, and streams that come back by themselves.

One client is one connection and one principal; it may be shared by any number of tasks of one event loop.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Self, TypeVar

import grpc.aio
from google.protobuf.message import Message

from hookflash.sdk.client import messages as m
from hookflash.sdk.client.calls import Calls
from hookflash.sdk.client.connection import DEADLINE_S, Tls
from hookflash.sdk.client.resuming import AttachCursor, Backoff, Interruption, resumed

__all__ = ["Client"]

_Request = TypeVar("_Request", bound=Message)
_Item = TypeVar("_Item", bound=Message)


class Client(Calls):
    """A client of one server, for asyncio; make it inside a running event loop.

        async with Client("127.0.0.1:7433", token=token) as client:
            invite = await client.transfer(
                messages.TransferRequest(name="conversations/42", target=messages.Target(queue="queues/billing"))
            )

    Args:
        address: `HOST:PORT` or `unix:PATH`.
        token: what proves who calls; None: no token is sent.
        tls: how to trust the server; None: no TLS, for loopback. `True`: the authorities that the system trusts.
        timeout_s: the deadline of each unary call that is not given one of its own.
        backoff: how long the streams wait before they are opened again.
        on_interruption: told of each interruption of a stream, with the seconds until it is opened again.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        tls: Tls | bool | None = None,
        timeout_s: float = DEADLINE_S,
        backoff: Backoff | None = None,
        on_interruption: Interruption | None = None,
    ) -> None:
        super().__init__(address, token=token, tls=Tls() if tls is True else tls or None, timeout_s=timeout_s)
        self._backoff = backoff or Backoff()
        self._on_interruption = on_interruption

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self.close()

    async def close(self) -> None:
        """Close the connection; open calls and streams end."""
        await self._channel.close()

    async def attach(
        self, agent: str = "", after_position: int | None = None
    ) -> AsyncGenerator[m.AttachResponse, None]:
        """Open an agent's desk and stay: Welcome first, again after each interruption, and no update twice.

        While the stream is open the agent is logged in. It ends when the engine says goodbye for good, such as after
        Logout; TakenOver is raised when a newer stream of the agent replaced it.

        Args:
            agent: `agents/{id}`; an AGENT may leave it empty.
            after_position: the last position seen by an earlier stream; None: Welcome says all.
        """
        cursor = AttachCursor(after_position)

        def opened() -> AsyncGenerator[m.AttachResponse, None]:
            request = m.AttachRequest(agent=agent)
            if cursor.after_position is not None:
                request.after_position = cursor.after_position
            return self._stream(self._agent.Attach, request)

        async with aclosing(resumed(opened, self._backoff, self._on_interruption)) as stream:
            async for item in stream:
                if cursor.is_new(item):
                    yield item

    async def watch(
        self,
        *,
        after_position: int | None = None,
        from_start: bool = False,
        filter: str = "",  # noqa: A002 - the API's word
    ) -> AsyncGenerator[m.WatchResponse, None]:
        """Stream the journal's events without gap or repeat; answers without events tell progress only.

        Args:
            after_position: start after this position. Neither this nor `from_start`: from now on.
            from_start: start at the journal's beginning.
            filter: such as `subject = conversations/42 AND type = ParticipantJoined`; empty: all.
        """
        after = after_position

        def opened() -> AsyncGenerator[m.WatchResponse, None]:
            request = m.WatchRequest(filter=filter)
            if after is not None:
                request.after_position = after
            elif from_start:
                request.from_start = True
            return self._stream(self._event.Watch, request)

        async with aclosing(resumed(opened, self._backoff, self._on_interruption)) as stream:
            async for item in stream:
                yield item
                # Only what was taken by the caller is behind us.
                after = item.position

    async def watch_queues(self) -> AsyncGenerator[m.WatchQueuesResponse, None]:
        """Stream every queue once, then those that changed; every queue again after an interruption."""

        def opened() -> AsyncGenerator[m.WatchQueuesResponse, None]:
            return self._stream(self._queue.WatchQueues, m.WatchQueuesRequest())

        async with aclosing(resumed(opened, self._backoff, self._on_interruption)) as stream:
            async for item in stream:
                yield item

    async def deliveries(self, request: m.DeliveriesRequest) -> AsyncGenerator[m.Delivery, None]:
        """Stream what is to go out through a channel; what was not settled comes again after an interruption."""

        def opened() -> AsyncGenerator[m.Delivery, None]:
            return self._stream(self._channel_service.Deliveries, request)

        async with aclosing(resumed(opened, self._backoff, self._on_interruption)) as stream:
            async for item in stream:
                yield item

    async def signs(self, request: m.SignsRequest) -> AsyncGenerator[m.Sign, None]:
        """Stream the signs that agents give a channel's customers; those given during an interruption are gone."""

        def opened() -> AsyncGenerator[m.Sign, None]:
            return self._stream(self._channel_service.Signs, request)

        async with aclosing(resumed(opened, self._backoff, self._on_interruption)) as stream:
            async for item in stream:
                yield item

    async def _stream(
        self, method: grpc.aio.UnaryStreamMultiCallable[_Request, _Item], request: _Request
    ) -> AsyncGenerator[_Item, None]:
        call = method(request, metadata=self._metadata)
        try:
            async for item in call:
                yield item
        except grpc.aio.AioRpcError as error:
            raise self._translated(error) from error
        finally:
            call.cancel()
