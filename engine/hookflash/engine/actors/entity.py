"""One queue, agent, conversation or setting as an actor: a real pykka actor without a thread of its own.

Its mailbox feeds the shard, which gives it one turn at a time on the engine's loop. `ref.tell` and `ref.ask` work from
any thread; only edges wait for answers, and a blocking `get` on the loop raises, since nothing could ever answer it.
"""

import threading
from collections.abc import Callable
from typing import Any, Final, cast

import pykka
from pykka._envelope import Envelope
from pykka._ref import ActorRef

from hookflash.engine.domain.address import Address
from hookflash.engine.domain.states import State

__all__ = ["Entity", "LoopFuture", "Post"]

Post = Callable[[Address, Any, "pykka.Future[Any] | None"], None]
"""How a mailbox hands a message to the shard: address, message, and where the answer goes."""

_loop_thread = threading.local()


def on_loop() -> None:
    """Mark this thread as the one that runs turns."""
    _loop_thread.runs_turns = True


class LoopFuture(pykka.ThreadingFuture[Any]):
    """An answer still to come; whoever runs turns must not wait for it."""

    def get(self, *, timeout: float | None = None) -> Any:  # noqa: ANN401  pykka's own signature
        """Wait for the answer. Raises RuntimeError on the thread that would have to give it."""
        if getattr(_loop_thread, "runs_turns", False):
            raise RuntimeError("a turn must not wait for another entity: tell it, and let it tell you")
        return super().get(timeout=timeout)


class _Stopped:
    """Whether an entity is gone; a threading.Event would cost each entity a kilobyte and four microseconds."""

    __slots__ = ("_is_set",)

    def __init__(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True


class _Mailbox:
    """Takes what is told from anywhere and hands it to the shard; it holds nothing itself."""

    __slots__ = ("entity",)

    def __init__(self, entity: "Entity") -> None:
        self.entity: Final = entity

    def put(self, envelope: Envelope[Any], /) -> None:
        self.entity.post(self.entity.address, envelope.message, envelope.reply_to)

    def get(self) -> Envelope[Any]:
        raise RuntimeError("an entity's turns are given by its shard")

    def empty(self) -> bool:
        return True


class Entity(pykka.Actor):
    """An address, its state, and the position of the last record that changed it.

    It holds nothing that holds it, so that it is gone as soon as it is dropped and not when the collector comes by.
    """

    __slots__ = ("actor_stopped", "address", "position", "post", "state")

    def __init__(self, address: Address, state: State | None, position: int, post: Post) -> None:
        """Stand at that state. pykka's own set-up is replaced: no uuid, no event, no place in its registry."""
        self.address = address
        self.state = state
        self.position = position
        self.post = post
        self.actor_stopped = cast("threading.Event", _Stopped())

    @property
    def actor_urn(self) -> str:  # type: ignore[override]
        """The resource name."""
        return str(self.address)

    @property
    def actor_inbox(self) -> Any:  # type: ignore[override]  # noqa: ANN401  pykka's own signature
        """A mailbox to put messages into, for whoever wants one."""
        return _Mailbox(self)

    @property
    def actor_ref(self) -> "ActorRef[Entity]":
        """A ref to tell and ask it through."""
        return ActorRef(self)

    @staticmethod
    def _create_actor_inbox() -> Any:  # noqa: ANN401  pykka's own signature
        raise RuntimeError("an entity makes its mailbox itself")

    @staticmethod
    def _create_future() -> "pykka.Future[Any]":
        return LoopFuture()

    def _start_actor_loop(self) -> None:
        """Have no loop: the shard gives the turns."""

    def on_receive(self, message: Any) -> None:  # noqa: ANN401  pykka's own signature
        """Hand a message over to the shard."""
        self.post(self.address, message, None)
