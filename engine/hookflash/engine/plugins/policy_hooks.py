"""The hooks that may turn a conversation one way or another, each implementation asked by itself under the guard.

What they answer is checked before anybody acts on it. A fault of one is no opinion, and its neighbours are still asked;
only `hookflash_deny` fails closed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, final

from hookflash.engine.domain.struct import Struct
from hookflash.sdk.hosting.calls import NonsenseError, PluginFailedError, PureCalls, plain
from hookflash.sdk.policy import (
    ArrivalView,
    Close,
    ConversationView,
    Denial,
    LeaveOpen,
    QueueChoice,
    ResourceRef,
    RouteTo,
    UnattendedAnswer,
)
from hookflash.sdk.types import Principal, QueueId

__all__ = ["CHOOSE_QUEUE", "DENY", "UNATTENDED", "Denied", "Implementation", "Opinion", "PolicyHooks"]

CHOOSE_QUEUE: Final = "hookflash_choose_queue"
UNATTENDED: Final = "hookflash_unattended"
DENY: Final = "hookflash_deny"

_REASON_LENGTH_MAX: Final = 200


@final
class Implementation(Struct, frozen=True, kw_only=True):
    """A plugin's implementation of a hook, which takes the arguments that it names."""

    plugin: str
    function: Callable[..., object]
    arguments: tuple[str, ...]

    def call(self, given: Mapping[str, object]) -> object:
        """Call it; whatever it raises comes through."""
        return self.function(*(given[name] for name in self.arguments))


@final
class Denied(Struct, frozen=True, kw_only=True):
    """Which plugin says no, and why: for the audit log, never for the caller."""

    plugin: str
    why: str


@final
class Opinion(Struct, frozen=True, kw_only=True):
    """Which plugin answered what to an unattended conversation."""

    plugin: str
    answer: UnattendedAnswer


_Asked = tuple[Implementation, PureCalls]


@final
class PolicyHooks:
    """These hooks of all plugins of one engine; `calls_of` gives what a hook's PURE calls are made with."""

    def __init__(
        self,
        implementations: Callable[[str], Sequence[Implementation]],
        calls_of: Callable[[str, str], PureCalls],
    ) -> None:
        def asked(hook: str) -> Sequence[_Asked]:
            return [(each, calls_of(each.plugin, hook)) for each in implementations(hook)]

        self._deny, self._choose, self._unattended = asked(DENY), asked(CHOOSE_QUEUE), asked(UNATTENDED)

    @property
    def has_deny(self) -> bool:
        """Whether anybody may deny a call."""
        return bool(self._deny)

    @property
    def has_choose_queue(self) -> bool:
        """Whether anybody chooses queues."""
        return bool(self._choose)

    async def deny(self, principal: Principal, verb: str, resource: ResourceRef) -> Denied | None:
        """Ask every implementation whether the call is denied; the first denial is told. No answer is one."""
        given = {"principal": principal, "verb": verb, "resource": resource}
        denied: Denied | None = None
        for each, calls in self._deny:

            def ask(each: Implementation = each) -> Denial | None:
                return _denial(plain(each.call(given)))

            try:
                denial = await calls.ask("", ask, fallback="denied the call")
                why = None if denial is None else denial.reason
            except PluginFailedError:
                why = "it gave no answer"
            if why is not None and denied is None:
                denied = Denied(plugin=each.plugin, why=why)
        return denied

    async def choose_queue(self, arrival: ArrivalView, queues: Sequence[QueueChoice]) -> tuple[str, QueueId] | None:
        """The first opinion about the queue of a new conversation, and whose it is; None where nobody has one."""
        given = {"arrival": arrival, "queues": tuple(queues)}
        fitting = {queue.id for queue in queues if queue.media_domain == arrival.media_domain}
        for each, calls in self._choose:

            def ask(each: Implementation = each) -> QueueId | None:
                return _queue(plain(each.call(given)), fitting)

            try:
                queue = await calls.ask("", ask, fallback="no opinion")
            except PluginFailedError:
                continue
            if queue is not None:
                return each.plugin, queue
        return None

    async def unattended(self, conversation: ConversationView, queues: frozenset[QueueId]) -> Opinion | None:
        """The first opinion about what becomes of it; it may be routed to one of `queues`."""
        given = {"conversation": conversation}
        for each, calls in self._unattended:

            def ask(each: Implementation = each) -> UnattendedAnswer | None:
                return _what_becomes(plain(each.call(given)), queues)

            try:
                answer = await calls.ask("", ask, fallback="no opinion")
            except PluginFailedError:
                continue
            if answer is not None:
                return Opinion(plugin=each.plugin, answer=answer)
        return None


# By exact type, here as at every check of an answer: what looks alike may answer differently the next time.


def _denial(answer: object) -> Denial | None:
    if answer is None:
        return None
    if type(answer) is not Denial or type(answer.reason) is not str:
        raise NonsenseError("it answered neither a Denial nor None")
    line = " ".join(answer.reason.split())[:_REASON_LENGTH_MAX]
    return Denial(line if line.isprintable() else "")


def _queue(answer: object, fitting: set[QueueId]) -> QueueId | None:
    if answer is None:
        return None
    if type(answer) is not str:
        raise NonsenseError("it answered neither a queue's id nor None")
    if answer not in fitting:
        raise NonsenseError("it named a queue that does not exist, or not for this channel's media domain")
    return QueueId(answer)


def _what_becomes(answer: object, queues: frozenset[QueueId]) -> UnattendedAnswer | None:
    if answer is None or type(answer) is LeaveOpen or type(answer) is Close:
        return answer
    if type(answer) is not RouteTo or type(answer.queue) is not str:
        raise NonsenseError("it answered neither LeaveOpen nor RouteTo(queue) nor Close nor None")
    if answer.queue not in queues:
        raise NonsenseError("it named a queue that does not exist, or not for this conversation's media domain")
    return answer
