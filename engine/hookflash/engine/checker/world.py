"""The centre as the checker sees it: seats, searches and conversations, built from events by its own rules.

Nothing here asks the engine's deciders. Who sits where is counted twice, by what conversations say and by what agents
say, so that the two can be compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hookflash.engine.domain.values import AgentSettings, Invite, Offer, QueueSettings
from hookflash.sdk.types import AgentId, ParticipantRole

__all__ = ["Line", "Person", "Search", "Talk", "World"]


@dataclass(slots=True, eq=False)
class Search:
    """An open invite.

    `paused` says until when an agent is not asked again for it, as far as that is not over; `tried` how often he was.
    `wait_until`: its strategy wants nobody asked before then; None again as soon as others could be asked.
    """

    conversation: str
    invite: Invite
    priority: int
    step: int
    is_parked: bool = True
    offers: dict[int, Offer] = field(default_factory=dict)
    paused: dict[str, float] = field(default_factory=dict)
    tried: dict[str, int] = field(default_factory=dict)
    decision: int | None = None
    wait_until: float | None = None

    @property
    def queue(self) -> str | None:
        """The queue it waits in."""
        return self.invite.target.queue

    @property
    def name(self) -> str:
        """Its resource name."""
        return f"conversations/{self.conversation}/invites/{self.invite.number}"


@dataclass(slots=True, eq=False)
class Talk:
    """A conversation. `present` is who is in it and in what role; `secrets` what no customer may read."""

    id: str
    channel: str
    address: str
    tenant: str
    is_open: bool = True
    has_session: bool = True
    present: dict[str, ParticipantRole] = field(default_factory=dict)
    search: Search | None = None
    invites: int = 0
    offers: int = 0
    sequence: int = 0
    transcript: int = 0
    delivery: int = 0
    settled: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    is_told_unattended: bool = False
    secrets: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def has_primary(self) -> bool:
        """Whether somebody with the full rights of an agent is there."""
        return ParticipantRole.PRIMARY in self.present.values()


@dataclass(slots=True, eq=False)
class Person:
    """An agent. `present` and `offered` are told by conversations, `slots` and `reserved` by the agent's own events."""

    id: str
    settings: AgentSettings
    capacity: Mapping[str, int]
    is_logged_in: bool = False
    is_attached: bool = False
    ready: set[str] = field(default_factory=set)
    present: dict[str, str] = field(default_factory=dict)
    offered: dict[str, str] = field(default_factory=dict)
    slots: dict[str, str] = field(default_factory=dict)
    reserved: dict[str, str] = field(default_factory=dict)
    grace_until: float | None = None

    def load(self, domain: str) -> int:
        """How many conversations and open offers he has there."""
        return _count(self.present, domain) + _count(self.offered, domain)

    def why_not(self, domain: str) -> str:
        """Why he can be offered nothing there (domain section 4); empty when he can."""
        if not self.is_logged_in:
            return "is logged out"
        if not self.is_attached:
            return "is detached"
        if domain not in self.ready:
            return "is not ready"
        if _count(self.offered, domain):
            return "has an open offer"
        if _count(self.present, domain) >= self.capacity.get(domain, 0):
            return "has no free slot"
        return ""


@dataclass(slots=True, eq=False)
class Line:
    """A queue, the conversations that its own events say wait in it, and what its strategy left for the next time."""

    settings: QueueSettings
    waiting: dict[tuple[str, int], None] = field(default_factory=dict)
    cursor: str = ""


@dataclass(slots=True, eq=False)
class World:
    """Everything that is there at a position."""

    talks: dict[str, Talk] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    open_at: dict[tuple[str, str, str], str] = field(default_factory=dict)
    booted_at: float = 0.0
    excused_until: float = 0.0

    def person(self, agent: AgentId) -> Person:
        """That agent; one whom no event announced has no rights and no slots."""
        found = self.people.get(agent)
        if found is None:
            found = self.people[agent] = Person(agent, AgentSettings(id=agent), {})
        return found


def _count(domains: Mapping[str, str], domain: str) -> int:
    return sum(each == domain for each in domains.values()) if domains else 0
