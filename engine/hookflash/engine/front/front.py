"""A front: takes clients' calls and hands them to the engine, and the engine's answers back to them.

It decides nothing and keeps nothing: whether a call may be made, and what it does, the engine knows. Two threads: one
hears gRPC's core and writes to the engine, the other hears the engine; calls are theirs both, streams behind a lock.
"""

import socket
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from threading import Lock, Thread, Timer
from time import monotonic
from typing import Final

import grpc

from hookflash.engine.front.core import Call, Core, Event, is_cancelled, message_of
from hookflash.engine.front.frames import (
    Answered,
    Batches,
    Cancelled,
    Drain,
    Ended,
    FromEngine,
    FromFront,
    Invoked,
    Item,
    Kind,
    Listen,
    Listening,
    NotListening,
    Taken,
    packed,
)

__all__ = ["TAKEN_BYTES", "Front"]

TAKEN_BYTES: Final = 16 * 1024
"""A reader's progress is told when he took as much as this."""

_FEW: Final = 8
_FEW_S: Final = 0.05
_CHUNK_BYTES: Final = 256 * 1024
_UNIMPLEMENTED: Final[int] = grpc.StatusCode.UNIMPLEMENTED.value[0]


class _Calling(Call):
    """A call, and for a stream what its reader has not taken yet."""

    __slots__ = ("end_frame", "is_closed", "is_writing", "items", "kind", "method", "number", "taken")

    def __init__(self, event: Event, number: int) -> None:
        super().__init__(event)
        self.number, self.method, self.kind = number, 0, Kind.UNARY
        self.items: deque[bytes] = deque()
        self.end_frame: Ended | None = None
        self.is_writing = self.is_closed = False
        self.taken = 0


class Front:
    """Serves over one socket, whose other end is the engine's."""

    def __init__(self, engine: socket.socket, left: Callable[[], None] | None = None) -> None:
        """Take the socket; `left` is called where the engine is gone without a word. Without it, all calls are cut."""
        self._engine, self._left = engine, left
        self._calls: dict[int, _Calling] = {}
        self._numbers = count(1)
        self._methods: dict[bytes, tuple[int, Kind]] = {}
        self._out: list[FromFront] = []
        self._lock = Lock()
        self._cut: Timer | None = None
        # Told by the core alone: commands handed over, and calls that are not asked for until there are fewer of them.
        self._commands_at_work = self._not_asked_for = 0
        self._few_at = 0.0

    def run(self) -> None:
        """Serve until the engine drains it; returns at once where the address cannot be taken."""
        heard = self._heard()
        listen = next(heard, None)
        if not isinstance(listen, Listen):
            return
        self._methods = {path.encode(): (index, kind) for index, (path, kind) in enumerate(listen.methods)}
        self._has_names = bool(listen.client_ca)
        self._commands, self._commands_max = listen.commands, listen.commands_max
        self._core = Core(listen)
        port = self._core.start(self._requested)
        self._out.append(Listening(port) if port else NotListening())
        self._flush()
        if port:
            Thread(target=self._hear, args=(heard,), daemon=True).start()
            self._core.serve(self._after)
            if self._cut is not None:
                self._cut.cancel()
            self._engine.shutdown(socket.SHUT_RDWR)

    # --- what the core tells

    def _requested(self, event: Event) -> None:
        if not event.success:
            return  # It drains.
        call = _Calling(event, next(self._numbers))
        found = self._methods.get(call.path)
        self._commands_at_work += found is not None and found[0] in self._commands
        if self._commands_at_work < self._commands_max:
            self._core.request(self._requested)
        else:
            self._not_asked_for += 1
        if found is None:
            call.end(_UNIMPLEMENTED, "Method not found!")
            return
        call.method, call.kind = found
        call.watch(partial(self._closed, call))
        call.receive(partial(self._received, call))

    def _received(self, call: _Calling, event: Event) -> None:
        body = message_of(event)
        if call.is_closed:
            return
        if body is None:
            self._request_missing(call)
            return
        self._calls[call.number] = call
        names = call.certificate_names if self._has_names else ()
        self._out.append(Invoked(call.number, call.method, body, call.metadata, call.peer, call.deadline, names))

    def _request_missing(self, call: _Calling) -> None:
        if call.kind is Kind.EXCHANGE:
            call.end()
        else:
            call.end(_UNIMPLEMENTED, "This method takes exactly one request.")

    def _closed(self, call: _Calling, event: Event) -> None:
        call.is_closed = True
        self._commands_at_work -= call.method in self._commands
        if self._not_asked_for and self._commands_at_work < self._commands_max:
            self._not_asked_for -= 1
            self._core.request(self._requested)
        if self._calls.pop(call.number, None) is not None and is_cancelled(event):
            self._out.append(Cancelled(call.number))

    def _written(self, call: _Calling, size: int, event: Event) -> None:
        with self._lock:
            call.is_writing = False
            if not event.success:
                return  # It was cancelled, which is told by itself.
            call.taken += size
            if call.taken >= TAKEN_BYTES:
                self._out.append(Taken(call.number, call.taken))
                call.taken = 0
            self._go_on(call)

    def _after(self) -> float | None:
        """Send what has come together. Where commands stand at their limit, ask for a few more calls now and then.

        So that health, reads and streams get in, and of the commands some are refused in words.
        """
        self._flush()
        if not self._not_asked_for:
            return None
        if (now := monotonic()) >= self._few_at:
            self._few_at = now + _FEW_S
            few = min(_FEW, self._not_asked_for)
            self._not_asked_for -= few
            for _ in range(few):
                self._core.request(self._requested)
        return _FEW_S

    def _flush(self) -> None:
        if self._out:
            batch = packed(self._out)
            self._out.clear()
            try:
                self._engine.sendall(batch)
            except OSError:
                self._out.clear()  # It is gone, which the other thread hears.

    # --- what the engine tells

    def _heard(self) -> Iterator[FromEngine]:
        batches: Batches[FromEngine] = Batches(FromEngine)
        try:
            while data := self._engine.recv(_CHUNK_BYTES):
                yield from batches.of(data)
        except OSError:
            return

    def _hear(self, heard: Iterator[FromEngine]) -> None:
        for frame in heard:
            if type(frame) is Answered:
                self._answered(frame)
            elif type(frame) is Item:
                self._item(frame)
            elif type(frame) is Ended:
                self._ended(frame)
            elif type(frame) is Drain:
                self._drain(frame.grace_s)
        if self._core.is_over:
            return
        if self._left is not None:
            self._left()
        self._drain(0.0)

    def _answered(self, frame: Answered) -> None:
        call = self._calls.get(frame.number)
        if call is None:
            return
        if call.kind is Kind.EXCHANGE:
            call.write(frame.body, lambda _event: call.receive(partial(self._received, call)))
        elif self._calls.pop(frame.number, None) is not None:
            call.answer(frame.body)

    def _item(self, frame: Item) -> None:
        call = self._calls.get(frame.number)
        if call is not None:
            with self._lock:
                call.items.append(frame.body)
                self._go_on(call)

    def _ended(self, frame: Ended) -> None:
        call = self._calls.get(frame.number)
        if call is not None:
            with self._lock:
                call.end_frame = frame
                self._go_on(call)

    def _go_on(self, call: _Calling) -> None:
        """Write what comes next of a stream, in the order in which the engine said it."""
        if call.is_writing:
            return
        if call.items:
            call.is_writing = True
            body = call.items.popleft()
            call.write(body, partial(self._written, call, len(body)))
        elif call.end_frame is not None and self._calls.pop(call.number, None) is not None:
            call.end(call.end_frame.code, call.end_frame.details, call.end_frame.trailing)

    def _drain(self, grace_s: float) -> None:
        if self._cut is not None:
            return  # It drains already.
        self._core.drain()
        self._cut = Timer(grace_s, self._core.cut)
        self._cut.daemon = True
        self._cut.start()
