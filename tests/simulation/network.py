"""The way between a client and the engine: late, lossy, doubling; and what clients do about it.

A client repeats a call whose answer it did not get under the same request id until it has one. Every attempt is in
the client history. All draws are named by the call, so one call more or less changes nothing for the others.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING

from google.protobuf.message import Message

from hookflash.engine.checker.histories import RECEIVE, ClientCall, Outcome
from hookflash.v1 import channel_service_pb2

from .process import Process
from .wire import CallContext, Reply, reply_of

if TYPE_CHECKING:
    from .world import World

__all__ = ["Client", "Stream"]

_DEADLINE_S = 5.0
_ON_THE_WAY_MAX = 16
_LOST = Reply("DEADLINE_EXCEEDED")
_DOWN = Reply("UNAVAILABLE")


class Client:
    """Somebody with a token who calls."""

    def __init__(self, world: "World", principal: str, token: str) -> None:
        self.world, self.principal, self.token = world, principal, token

    async def call(self, path: str, request: Message, *, tries: int = 40) -> Reply:
        """The definite answer to a call; after so many tries, the last indefinite one."""
        world, encoded = self.world, request.SerializeToString(deterministic=True)
        request_id: str = getattr(request, "request_id", "") or getattr(request, "external_id", "")
        name = f"{self.principal} {path} {request_id or blake2b(encoded, digest_size=8).hexdigest()}"
        reply = _DOWN
        for attempt in range(tries):
            reply = await self._try(path, request, encoded, f"{name} {attempt}")
            if not (reply.is_unknown or reply.reason in _PASSING):
                break
            if world.is_over:
                break
            await asyncio.sleep(min(2.003 * (attempt + 1), 10.003))
        return reply

    async def _try(self, path: str, request: Message, encoded: bytes, name: str) -> Reply:
        world, invoked_at = self.world, self.world.now()
        world.story.count("calls")
        entry = world.calls_open(self._entry(path, request, encoded, invoked_at, None, Reply("UNAVAILABLE")))
        reply = await self._travel(path, encoded, name)
        world.calls_close(entry, self._entry(path, request, encoded, invoked_at, world.now(), reply))
        said = reply.code if reply.is_ok else reply.reason or reply.code
        world.tell(self.principal, f"{path} {_brief(request)} -> {said}")
        if reply.reason == "INTERNAL" or reply.code in ("UNKNOWN", "INTERNAL"):
            world.defect(f"{path} answered {reply.code} {reply.sentence}")
        return reply

    async def _travel(self, path: str, encoded: bytes, name: str) -> Reply:
        world = self.world
        faults, number = world.faults, world.chance.number
        await asyncio.sleep(faults.latency(f"{name} there"))
        if number(f"{name} lost") < faults.loss:
            await asyncio.sleep(_DEADLINE_S)
            return _LOST
        process = world.process
        if process is None or not process.is_serving:
            return _DOWN
        answer = self._ask(process, path, encoded)
        if number(f"{name} doubled") < faults.duplication:
            world.story.count("doubled calls")
            self._ask(process, path, encoded)
        try:
            reply = await asyncio.wait_for(asyncio.shield(answer), _DEADLINE_S)
        except TimeoutError:
            return _LOST
        if number(f"{name} back lost") < faults.loss:
            world.story.count("lost answers")
            await asyncio.sleep(_DEADLINE_S)
            return _LOST
        await asyncio.sleep(faults.latency(f"{name} back"))
        return reply

    def _ask(self, process: Process, path: str, encoded: bytes) -> "asyncio.Future[Reply]":
        """Let the process answer; where it dies first, the connection breaks."""
        answer: asyncio.Future[Reply] = self.world.loop.create_future()
        ends_at = self.world.loop.time() + _DEADLINE_S
        context = CallContext(self.token, lambda: ends_at - self.world.loop.time(), None)
        task = process.serve(path, encoded, context)

        def settle(reply: Reply) -> None:
            if not answer.done():
                answer.set_result(reply)

        forget = process.at_end(lambda: settle(_DOWN))

        def answered(done: "asyncio.Task[bytes]") -> None:
            forget()
            settle(reply_of(done))

        task.add_done_callback(answered, context=process.context)
        return answer

    def _entry(
        self, path: str, request: Message, encoded: bytes, invoked_at: float, ended_at: float | None, reply: Reply
    ) -> ClientCall:
        method, request_id, answer = path, getattr(request, "request_id", ""), reply.answer
        if path == "ChannelService/Receive":
            method, request_id = RECEIVE, f"{request.channel.partition('/')[2]}/{request.external_id}"  # type: ignore[attr-defined]
            # Whether it is a repeat differs between repeats; whose conversation it is must not.
            answer = channel_service_pb2.ReceiveResponse.FromString(answer).conversation.encode()
        outcome = Outcome.OK if reply.is_ok else Outcome.UNKNOWN if reply.is_unknown else Outcome.REFUSED
        return ClientCall(
            principal=self.principal,
            method=method,
            request_id=request_id,
            digest=blake2b(encoded, digest_size=16).digest(),
            invoked_at=invoked_at,
            ended_at=ended_at,
            outcome=outcome,
            reason=reply.reason,
            reply=answer,
            is_dry_run=getattr(request, "validate_only", False),
        )

    def open_stream(
        self, path: str, request: Message, on_item: Callable[[bytes], None], *, pace_s: float = 0.0
    ) -> "Stream | None":
        """Open a stream; None where nobody answers. Its reader takes `pace_s` for each item."""
        process = self.world.process
        if process is None or not process.is_serving:
            return None
        return Stream(self, process, path, request.SerializeToString(), on_item, pace_s)


_PASSING = frozenset({"DRAINING", "JOURNAL_UNAVAILABLE", "MAILBOX_FULL", "RATE_LIMITED"})
"""Refusals that say: nothing happened, try again."""


class Stream:
    """A stream of answers, in order, each a little late."""

    def __init__(
        self,
        client: Client,
        process: Process,
        path: str,
        encoded: bytes,
        on_item: Callable[[bytes], None],
        pace_s: float,
    ) -> None:
        self._world, self._on_item = client.world, on_item
        self._items: deque[bytes] = deque()
        self._pace_s = pace_s
        self._room: asyncio.Future[None] | None = None
        self.reply: Reply | None = None
        context = CallContext(client.token, lambda: None, self._write)
        self._forget = process.at_end(lambda: self._end(_DOWN))
        self._task = process.serve(path, encoded, context)
        self._task.add_done_callback(self._ended, context=process.context)

    @property
    def is_open(self) -> bool:
        return self.reply is None

    def cancel(self) -> None:
        """Cut it off from the reader's side."""
        if self.reply is None:
            self._task.cancel()
            self._end(Reply("CANCELLED"))

    async def _write(self, item: bytes) -> None:
        self._items.append(item)
        self._world.outside(self._world.stream_s + self._pace_s * len(self._items), self._deliver)
        if len(self._items) >= _ON_THE_WAY_MAX:
            # As gRPC does: whoever writes waits for the reader.
            self._room = self._world.loop.create_future()
            await self._room

    def _deliver(self) -> None:
        # Whichever timer rings first takes the first item: what is under way keeps its order.
        if self._items and self.reply is None:
            self._on_item(self._items.popleft())
            if self._room is not None and not self._room.done():
                self._room.set_result(None)

    def _ended(self, task: "asyncio.Task[bytes]") -> None:
        reply = reply_of(task)
        self._world.outside(self._world.stream_s, lambda: self._end(reply))

    def _end(self, reply: Reply) -> None:
        while self._items and self.reply is None:
            self._on_item(self._items.popleft())
        if self.reply is None:
            self.reply = reply
            self._forget()


def _brief(request: Message) -> str:
    """A request in a line: its fields, without what would make it long."""
    return " ".join(f"{field.name}={value!s:.60}".replace("\n", " ") for field, value in request.ListFields())
