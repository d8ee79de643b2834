"""What a scenario sees of the engine, whichever way it looks: plain values that compare whole.

Ids are bare words and times are distances from now, so the same expectation holds in process and over gRPC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = [
    "Attempt",
    "Caller",
    "Line",
    "Person",
    "RefusedError",
    "SeenConversation",
    "SeenInvite",
    "SeenOffer",
    "Site",
    "Step",
]


class RefusedError(Exception):
    """The engine said no; `reason` is the stable word."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(f"{reason}: {sentence}")
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a queue."""

    expression: str
    wait_s: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An agent of a scenario. Without capacity of his own he has the default of 3 in `chat`."""

    is_there: bool = True
    is_ready: bool = True
    capacity: Mapping[str, int] = field(default_factory=dict)
    skills: Mapping[str, int] = field(default_factory=dict)
    queues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A customer as the channel introduces him."""

    name: str = "Carl"
    is_identified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A queue of a scenario."""

    id: str
    media_domain: str = "chat"
    priority: int = 1
    strategy: str = "longest_available"
    steps: tuple[Step, ...] = ()
    ttl_s: float | None = None
    display_name: str | None = None

    @property
    def name(self) -> str:
        """What people see: `billing` is Billing."""
        return self.id.title() if self.display_name is None else self.display_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a scenario applies."""

    queues: tuple[Line, ...] = ()
    agents: Mapping[str, Person] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    """The queue of each channel; empty for none."""
    attributes: tuple[str, ...] = ()
    media_domains: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenInvite:
    """An invite. `left_s` is what is left of its ttl, `age_s` how long ago it was placed."""

    kind: str
    state: str
    priority: int
    attempts: int
    requester: str = ""
    agent: str = ""
    left_s: float = 0
    age_s: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenConversation:
    """A conversation; `agents` are those in it, first come first."""

    state: str
    agents: tuple[str, ...]
    is_conference: bool = False
    transfers: int = 0
    invite: SeenInvite | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenOffer:
    """An open offer on an agent's desk."""

    id: str
    kind: str
    heading: str
    requester: str = ""
    requester_name: str = ""
    channel_kind: str = "web"
    customer_name: str = "Carl"
    is_identified: bool = False
    note: str | None = None
    queue: str = ""
    queue_name: str = ""
    offered_before: int = 0
    left_s: float = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a call that places an invite says besides its target."""

    note: str | None = None
    ttl_s: float | None = None
    priority: int | None = None
    request_id: str = ""
    is_dry_run: bool = False
