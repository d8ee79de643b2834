"""gRPC's own core, asked directly: HTTP/2, TLS, limits and keepalive are its work, and no loop stands between.

The one module that knows private names of grpcio, those that `grpc.server` itself is made of. What `grpc.aio` adds to
them, a thread that hands every event to a loop, costs several times what the core does for a call.
"""

from collections.abc import Callable
from threading import Lock
from time import monotonic, time
from typing import Any, Final

import grpc
from grpc._cython import cygrpc  # type: ignore[attr-defined]

from hookflash.engine.front.frames import Listen, Metadata

__all__ = ["Call", "Core", "Event", "OnEvent", "is_cancelled", "message_of"]

Event = Any
"""What the core tells: whether it had `success`, and by its operations what it brings."""

OnEvent = Callable[[Event], None]
"""Called with the event that it was given for."""

_NO_FLAGS: Final = 0
_PAST: Final = 0.0
_REQUESTED: Final = 16
_TOGETHER: Final = 64
_NAMES: Final = b"x509_subject_alternative_name"


class Core:
    """A server of gRPC's core. One thread asks for events; everything else may be done by any."""

    def __init__(self, listen: Listen) -> None:
        """Make one that takes nothing yet."""
        self._queue = cygrpc.CompletionQueue()
        self._server = cygrpc.Server(listen.options, False)  # noqa: FBT003  no xDS; it takes no names
        self._server.register_completion_queue(self._queue)
        self._listen = listen
        self._ending = Lock()
        self._is_draining = self.is_over = False

    def start(self, requested: OnEvent) -> int:
        """Take the address and the calls, `requested` hears of each; return the port, 0 where it cannot be taken."""
        try:
            port: int = self._server.add_http2_port(self._listen.address.encode(), _credentials(self._listen))
        except RuntimeError:
            return 0
        if port:
            self._server.start()
            for _ in range(_REQUESTED):
                self.request(requested)
        return port

    def request(self, requested: OnEvent) -> None:
        """Take one more call, and tell it; not while draining."""
        with self._ending:
            if not self._is_draining:
                self._server.request_call(self._queue, self._queue, requested)

    def serve(self, after: Callable[[], float | None]) -> None:
        """Tell events until the end; `after` those that came together, and after as many seconds as it answers."""
        again_s = None
        while not self.is_over:
            self._tell(None if again_s is None else time() + again_s)
            again_s = after()

    def _tell(self, deadline: float | None) -> None:
        """Wait for an event, and tell it and those that are there already."""
        for _ in range(_TOGETHER):
            event = self._queue.poll(deadline)
            if event.completion_type == cygrpc.CompletionType.queue_timeout:
                return
            event.tag(event)
            event = None  # It holds its call, which must be free to go when the next one is asked for.
            if self.is_over:
                return
            deadline = _PAST

    def drain(self) -> None:
        """Take no more calls; `serve` ends when those at work have ended."""
        with self._ending:
            self._is_draining = True
            self._server.shutdown(self._queue, self._ended)

    def cut(self) -> None:
        """End every call that is at work."""
        with self._ending:
            if not self.is_over:  # There is nothing left to ask, then.
                self._server.cancel_all_calls()

    def _ended(self, _event: Event) -> None:
        with self._ending:
            self.is_over = True
            self._server.destroy()


class Call:
    """One call. Of each of receiving and writing, one may be under way at a time."""

    __slots__ = ("_call", "_is_answered", "deadline", "metadata", "path")

    def __init__(self, event: Event) -> None:
        """Take the event with which it came; `deadline` is a time of the monotonic clock."""
        self._call = event.call
        self._is_answered = False
        self.path: bytes = event.call_details.method
        self.metadata: Metadata = event.invocation_metadata
        left_s: float = event.call_details.deadline - time()
        self.deadline: Final = None if left_s == float("inf") else monotonic() + left_s

    @property
    def peer(self) -> str:
        """Where it comes from, such as `ipv4:127.0.0.1:50000`."""
        return self._call.peer().decode()  # type: ignore[no-any-return]

    @property
    def certificate_names(self) -> tuple[bytes, ...]:
        """Who its client's certificate says it is."""
        return tuple(cygrpc.auth_context(self._call).get(_NAMES, ()))

    def watch(self, closed: OnEvent) -> None:
        """Tell when it has ended, or its client is gone."""
        self._call.start_server_batch((cygrpc.ReceiveCloseOnServerOperation(_NO_FLAGS),), closed)

    def receive(self, received: OnEvent) -> None:
        """Take the next request, and tell it."""
        self._call.start_server_batch((cygrpc.ReceiveMessageOperation(_NO_FLAGS),), received)

    def write(self, body: bytes, written: OnEvent) -> None:
        """Send an item, and tell when its reader takes more."""
        self._call.start_server_batch((*self._beginning(), cygrpc.SendMessageOperation(body, _NO_FLAGS)), written)

    def answer(self, body: bytes) -> None:
        """Send the only answer, and end well."""
        operations = (*self._beginning(), cygrpc.SendMessageOperation(body, _NO_FLAGS), _status(0, "", ()))
        self._call.start_server_batch(operations, _nothing)

    def end(self, code: int = 0, details: str = "", trailing: Metadata = ()) -> None:
        """End with a status, after everything that was written."""
        self._call.start_server_batch((*self._beginning(), _status(code, details, trailing)), _nothing)

    def _beginning(self) -> tuple[Any, ...]:
        if self._is_answered:
            return ()
        self._is_answered = True
        return (cygrpc.SendInitialMetadataOperation(None, _NO_FLAGS),)


def message_of(event: Event) -> bytes | None:
    """The request that was received; None where the client sends no more."""
    return event.batch_operations[0].message()  # type: ignore[no-any-return]


def is_cancelled(event: Event) -> bool:
    """Whether a call that closed was not ended by us."""
    return bool(event.batch_operations[0].cancelled())


def _nothing(_event: Event) -> None:
    """What there is to do when a status is on its way."""


def _status(code: int, details: str, trailing: Metadata) -> Any:  # noqa: ANN401  no type says what the core takes
    return cygrpc.SendStatusFromServerOperation(trailing, code, details.encode(), _NO_FLAGS)


def _credentials(listen: Listen) -> Any:  # noqa: ANN401
    if not listen.certificate:
        return None
    pairs, client_ca = [(listen.key, listen.certificate)], listen.client_ca or None
    made = grpc.ssl_server_credentials(pairs, client_ca, require_client_auth=client_ca is not None)
    return made._credentials  # type: ignore[attr-defined]  # noqa: SLF001  as grpc.server does
