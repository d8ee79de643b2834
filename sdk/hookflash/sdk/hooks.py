"""Every hook of this SDK: what the engine calls in a plugin, when, and how long it may take.

A hook takes value objects by keyword, so a new field changes no signature; an implementation names the arguments it
wants. Each implementation is called by itself under a guard: one that raises never stops the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pluggy import HookimplMarker, HookspecMarker

from hookflash.sdk.policy import ArrivalView, ConversationView, Denial, QueueChoice, ResourceRef, UnattendedAnswer
from hookflash.sdk.registry import Registry
from hookflash.sdk.types import ChannelId, Principal, QueueId

__all__ = [
    "PROJECT",
    "SDK_VERSION",
    "EngineFacts",
    "EventHeader",
    "hookflash_choose_queue",
    "hookflash_deny",
    "hookflash_engine_started",
    "hookflash_engine_stopping",
    "hookflash_event",
    "hookflash_register",
    "hookflash_unattended",
    "hookimpl",
    "hookspec",
]

PROJECT = "hookflash"
SDK_VERSION = "1.0"
"""The version a plugin's `SDK_API` range must contain."""

hookspec = HookspecMarker(PROJECT)
hookimpl = HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """The engine that has started: plain facts, nothing callable."""

    version: str
    shards: tuple[str, ...] = ()
    channels: tuple[ChannelId, ...] = ()
    sdk_version: str = SDK_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class EventHeader:
    """An event without its contents: `kind` is its type, `address` its entity, `at` seconds of engine time.

    `ids` names what else it is about (such as `invite` or `agent`); there is never a text in it.
    """

    kind: str
    address: str
    position: int
    index: int = 0
    at: float
    ids: Mapping[str, str] = field(default_factory=dict)


@hookspec
def hookflash_register(registry: Registry) -> None:
    """Register the plugin's classes. START: once, before service, 5 s warned, 30 s failed; raising drops the plugin.

    Example: `hookflash.plugins.longest_available`.
    """


@hookspec
def hookflash_engine_started(engine: EngineFacts) -> None:
    """Learn that the engine is up. START: after recovery, before the port is opened; 5 s warned, 30 s a fault."""


@hookspec
def hookflash_engine_stopping(reason: str, deadline: float) -> None:
    """Learn that the engine stops, `deadline` in seconds of engine time. START: 5 s warned, 30 s a fault."""


@hookspec
def hookflash_event(event: EventHeader) -> None:
    """Watch events go by. Broadcast on an observer's thread with a buffer of 1,000 events; may miss the oldest."""


@hookspec(firstresult=True)
def hookflash_choose_queue(arrival: ArrivalView, queues: Sequence[QueueChoice]) -> QueueId | None:
    """Choose the queue of a conversation that is about to open, before its channel's own; None: no opinion.

    PURE, 50 ms: asked at the edge, before the command; the first answer counts and is recorded. A fault is no opinion.
    """


@hookspec(firstresult=True)
def hookflash_unattended(conversation: ConversationView) -> UnattendedAnswer | None:
    """Say what becomes of a conversation that nobody attends, before the setting `on_unattended`; None: no opinion.

    PURE, 50 ms: asked after the record that made it so; the first answer counts and is recorded (R-L2).
    """


@hookspec
def hookflash_deny(principal: Principal, verb: str, resource: ResourceRef) -> Denial | None:
    """Forbid a call that the built-in policy allows; it can only narrow. `verb` is the method, such as `Transfer`.

    PURE, 50 ms: every implementation is asked, at the edge, before the command. It fails closed: a fault denies.
    """
