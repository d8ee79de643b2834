"""The small contact centre of the demo: its queues, agents and channel, and a token for each who calls.

Every agent serves the queues he is given by name; nobody serves the night shift, so a search there finds nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from google.protobuf.duration_pb2 import Duration

from hookflash.sdk.client import messages as m

if TYPE_CHECKING:
    from hookflash.sdk.client import Client

__all__ = [
    "ANN", "BILLING", "BOB", "CHANNEL", "CLEO", "DAN", "FRONT", "NIGHT", "TECH", "Person",
    "adapter_token", "agent_token", "set_up",
]  # fmt: skip

CHANNEL: Final = "channels/web"
FRONT, BILLING, TECH, NIGHT = "queues/front", "queues/billing", "queues/tech", "queues/night"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An agent: resource name, the name that others see, and the queue served."""

    name: str
    display_name: str
    queue: str


ANN: Final = Person(name="agents/ann", display_name="Ann", queue=FRONT)
BOB: Final = Person(name="agents/bob", display_name="Bob", queue=BILLING)
CLEO: Final = Person(name="agents/cleo", display_name="Cleo", queue=BILLING)
DAN: Final = Person(name="agents/dan", display_name="Dan", queue=TECH)


async def set_up(admin: Client, *, offer_timeout_s: float, night_ttl_s: float) -> int:
    """Apply the centre and return how many resources were made.

    Args:
        admin: a client with the admin token.
        offer_timeout_s: how long an agent of billing may think, so also how long the demo waits for Bob.
        night_ttl_s: how long a search in the night shift lasts.
    """
    queues = [
        m.Queue(name=FRONT, display_name="Front Desk", offer_timeout=_duration(60)),
        m.Queue(name=BILLING, display_name="Billing", offer_timeout=_duration(offer_timeout_s)),
        m.Queue(name=TECH, display_name="Technical Support", offer_timeout=_duration(60)),
        m.Queue(
            name=NIGHT, display_name="Night Shift", offer_timeout=_duration(night_ttl_s / 2), ttl=_duration(night_ttl_s)
        ),
    ]
    agents = [
        m.Agent(name=person.name, display_name=person.display_name, queues=[person.queue])
        for person in (ANN, BOB, CLEO, DAN)
    ]
    channel = m.Channel(name=CHANNEL, kind="web", is_external=True, queue=FRONT)
    applied = await admin.apply(m.ApplyRequest(queues=queues, agents=agents, channels=[channel]))
    return sum(change.kind == m.ChangeKind.CHANGE_KIND_CREATED for change in applied.changes)


async def agent_token(admin: Client, person: Person) -> str:
    """Return a token for one agent's desk."""
    request = m.CreateTokenRequest(subject=person.name, role=m.Role.ROLE_AGENT)
    return (await admin.create_token(request)).token


async def adapter_token(admin: Client) -> str:
    """Return a token for the adapter of the channel: it can neither read whispers nor act for an agent."""
    request = m.CreateTokenRequest(subject=CHANNEL, role=m.Role.ROLE_ADAPTER, channel=CHANNEL)
    return (await admin.create_token(request)).token


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromTimedelta(timedelta(seconds=seconds))
    return duration
