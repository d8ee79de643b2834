"""The words in which scenarios are told: given, when, then, over whichever engine the driver drives.

A scenario is written once and never asks how it is played. Names are short in it (`ann`, `billing`, `v`) and unique to
the engine; what is seen since the givens is compared as whole lists.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, TypeVar

import pytest

from .driver import Driver, Numbered
from .values import Attempt, Caller, Line, Person, RefusedError, SeenConversation, SeenInvite, SeenOffer, Site, Step

__all__ = ["SCENARIOS", "Play", "Scenario", "Stage", "agent", "queue", "scenario"]

T = TypeVar("T")
Play = Callable[["Stage"], Awaitable[None]]

SCENARIOS: list["Scenario"] = []
"""Every scenario that was described, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One description: its id, what else it shows, the limits it needs, and how it goes."""

    id: str
    spec: tuple[str, ...]
    limits: Mapping[str, Any]
    play: Play


def scenario(
    identifier: str, *, spec: tuple[str, ...] = (), limits: Mapping[str, Any] | None = None
) -> Callable[[Play], Play]:
    """Describe a scenario of domain section 8 or 9; `spec` names what else it shows."""

    def described(play: Play) -> Play:
        SCENARIOS.append(Scenario(id=identifier, spec=(identifier, *spec), limits=limits or {}, play=play))
        return play

    return described


def queue(name: str) -> tuple[str, str]:
    """A queue as a target."""
    return "queues", name


def agent(name: str) -> tuple[str, str]:
    """A named agent as a target."""
    return "agents", name


class Stage:
    """One scenario being played. `tag` makes its names its own."""

    def __init__(self, driver: Driver, tag: str) -> None:
        self.driver = driver
        self._tag = tag
        self._ids: dict[str, str] = {}
        self._past: list[str] = []
        self._channels: dict[str, str] = {}
        self._agents: set[str] = set()
        self._queues: list[str] = []
        self._entries: Counter[str] = Counter()
        self._shown: Counter[str] = Counter()
        self._desks: Counter[str] = Counter()
        self._numbers = count(1)

    # --- names

    def whole(self, name: str) -> str:
        """The name as the engine knows it."""
        return f"{name}-{self._tag}"

    def _target(self, target: tuple[str, str]) -> tuple[str, str]:
        return target[0], self.whole(target[1])

    def identifier(self, v: str) -> str:
        """A conversation's id as the engine made it."""
        return self._ids[v]

    def _plain(self, text: str) -> str:
        for short, long in self._ids.items():
            text = text.replace(long, short)
        return re.sub(rf"-{self._tag}\b", "", text)

    def _bare(self, value: T) -> T:
        """The value with short names in every text of it."""
        fields = getattr(value, "__dataclass_fields__", {})
        changes: dict[str, Any] = {}
        for name in fields:
            found = getattr(value, name)
            if isinstance(found, str):
                changes[name] = self._plain(found)
            elif isinstance(found, tuple):
                changes[name] = tuple(self._plain(each) for each in found)
            elif isinstance(found, SeenInvite):
                changes[name] = self._bare(found)
        return replace(value, **changes)  # type: ignore[type-var]

    # --- given

    async def given_queues(self, *lines: Line | str) -> None:
        """Queues; a bare name is one with one step for everybody."""
        whole = [line if isinstance(line, Line) else Line(id=line) for line in lines]
        self._queues += [line.id for line in whole]
        attributes = {
            self.whole(word): None
            for line in whole
            for step in line.steps
            for word in re.findall(r"[a-z]+", step.expression)
        }
        await self.driver.apply(Site(queues=tuple(map(self._line, whole)), attributes=tuple(attributes)))

    def _line(self, line: Line) -> Line:
        steps = tuple(
            Step(expression=re.sub(r"[a-z]+", lambda m: self.whole(m[0]), step.expression), wait_s=step.wait_s)
            for step in line.steps
        )
        return replace(line, id=self.whole(line.id), display_name=line.name, steps=steps)

    async def given_media_domain(self, name: str, capacity: int) -> None:
        """A media domain, shared by all scenarios."""
        await self.driver.apply(Site(media_domains={name: capacity}))

    async def given_agents(self, *ready: str, **people: Person) -> None:
        """Agents, attached and ready unless said otherwise, in this order."""
        cast = {**{name: Person() for name in ready}, **people}
        skills = {self.whole(skill): None for person in cast.values() for skill in person.skills}
        site = Site(
            agents={self.whole(name): self._person(person) for name, person in cast.items()}, attributes=tuple(skills)
        )
        await self.driver.apply(site)
        for name, person in cast.items():
            self._agents.add(name)
            if person.is_there:
                await self.attach(name)
            if person.is_there and person.is_ready:
                await self.ready(name)
        await self._begin()

    def _person(self, person: Person) -> Person:
        skills = {self.whole(skill): level for skill, level in person.skills.items()}
        return replace(person, skills=skills, queues=tuple(self.whole(each) for each in person.queues))

    async def given_channel(self, name: str, to: str = "") -> None:
        """A channel, routed to a queue if one is named."""
        self._channels[name] = self.whole(name)
        await self.driver.apply(Site(channels={self.whole(name): self.whole(to) if to else ""}))

    async def given_conversation(
        self, *agents: str, v: str = "v", via: str | None = None, text: str = "hello", channel: str = "web"
    ) -> None:
        """A conversation with these agents in it: the first by a route (to him, or via a queue), the others added."""
        first, *others = agents
        await self.customer_writes(text, v=v, to=queue(via) if via else agent(first), channel=channel)
        await self.accept(first)
        for other in others:
            await self.conference(by=first, to=agent(other), v=v)
            await self.accept(other)
        assert (await self.conversation(v)).agents == agents
        await self._begin()

    async def _begin(self) -> None:
        """What is seen from now on is what scenarios compare."""
        for v, identifier in self._ids.items():
            everything = await self.driver.timeline(identifier, "")
            self._entries[v] = everything[-1][0] if everything else 0
            self._shown[v] = len(await self.driver.transcript(identifier))
        for name in self._agents:
            self._desks[name] = len(await self.driver.desk(self.whole(name)))

    # --- when: agents

    async def attach(self, name: str) -> None:
        """He opens his desk."""
        await self.driver.attach(self.whole(name))

    async def detach(self, name: str) -> None:
        """His line breaks."""
        await self.driver.detach(self.whole(name))

    async def ready(self, name: str, domain: str = "chat") -> None:
        """He takes offers."""
        await self.driver.set_ready(self.whole(name), domain, is_ready=True)

    async def not_ready(self, name: str, domain: str = "chat") -> None:
        """He takes no more offers."""
        await self.driver.set_ready(self.whole(name), domain, is_ready=False)

    async def log_out(self, name: str) -> None:
        """He logs out."""
        await self.driver.log_out(self.whole(name))

    async def accept(self, name: str, offer: str | None = None, request_id: str = "") -> bytes:
        """He accepts the offer on his desk, or the one named."""
        wanted = await self._offer_id(name, offer)
        return await self.driver.accept(wanted, self.whole(name), request_id and self.whole(request_id))

    async def decline(self, name: str, offer: str | None = None) -> None:
        """He declines the offer on his desk, or the one named."""
        await self.driver.decline(await self._offer_id(name, offer), self.whole(name))

    async def _offer_id(self, name: str, offer: str | None) -> str:
        if offer is not None:
            v, _, number = offer.partition("~")
            return f"{self.identifier(v)}~{number}"
        (open_offer,) = await self.driver.offers(self.whole(name))
        return open_offer.id

    # --- when: conversations

    async def customer_writes(
        self,
        text: str,
        *,
        v: str = "v",
        to: tuple[str, str] | None = None,
        channel: str = "web",
        external_id: str = "",
        customer: Caller = Caller(),  # noqa: B008  frozen
    ) -> None:
        """The customer says something; his first words open the conversation. `external_id`: the channel's own."""
        if channel not in self._channels:
            await self.given_channel(channel)
        target = self._target(to) if to is not None else None
        external_id = f"{self._tag}-{external_id or next(self._numbers)}"
        address = self.whole(v)
        identifier = await self.driver.receive(self._channels[channel], address, external_id, text, target, customer)
        self._ids.setdefault(v, identifier)
        assert self.identifier(v) == identifier

    async def customer_leaves(self, v: str = "v", channel: str = "web", external_id: str = "") -> None:
        """His last ChannelSession ends."""
        external_id = f"{self._tag}-{external_id or next(self._numbers)}"
        await self.driver.receive(self._channels[channel], self.whole(v), external_id, None, None, Caller())

    async def transfer(self, *, by: str, to: tuple[str, str], v: str = "v", **attempt: Any) -> bytes:  # noqa: ANN401  Attempt's
        """He passes the conversation on."""
        return await self._place("TRANSFER", by, to, v, Attempt(**attempt))

    async def conference(self, *, by: str, to: tuple[str, str], v: str = "v", **attempt: Any) -> bytes:  # noqa: ANN401  Attempt's
        """He asks for another agent to come in."""
        return await self._place("CONFERENCE", by, to, v, Attempt(**attempt))

    async def _place(self, kind: str, by: str, to: tuple[str, str], v: str, attempt: Attempt) -> bytes:
        return await self.driver.place(kind, self.identifier(v), self.whole(by), self._target(to), attempt)

    async def route(self, *, to: tuple[str, str], v: str = "v") -> None:
        """A service sends an unattended conversation to somebody."""
        await self.driver.route(self.identifier(v), self._target(to))

    async def cancel(self, *, by: str, invite: int, v: str = "v") -> None:
        """He withdraws an invite."""
        await self.driver.cancel(self.identifier(v), invite, self.whole(by))

    async def say(self, by: str, text: str, v: str = "v") -> None:
        """He says something to everybody."""
        await self.driver.say(self.identifier(v), self.whole(by), text)

    async def whisper(self, by: str, text: str, v: str = "v") -> None:
        """He says something to the agents."""
        await self.driver.whisper(self.identifier(v), self.whole(by), text)

    async def leave(self, by: str, v: str = "v") -> None:
        """He leaves."""
        await self.driver.leave(self.identifier(v), self.whole(by))

    async def close(self, v: str = "v") -> None:
        """A service closes it."""
        await self.driver.close(self.identifier(v))

    # --- when: time

    async def pass_time(self, seconds: float) -> None:
        """Time passes."""
        await self.driver.pass_time(seconds)

    async def crash(self, down_s: float = 0) -> None:
        """The engine is killed and started again that much later."""
        await self.driver.crash(down_s)

    def forget(self, v: str) -> None:
        """From now on `v` is the customer's next conversation."""
        self._past.append(self._ids.pop(v))
        self._entries.pop(v, None)
        self._shown.pop(v, None)

    @asynccontextmanager
    async def refused(self, reason: str) -> AsyncIterator[None]:
        """What is done inside is refused for that reason, and nothing has happened."""
        before = {v: await self._visible(identifier) for v, identifier in self._ids.items()}
        with pytest.raises(RefusedError) as caught:
            yield
        assert caught.value.reason == reason
        for v, visible in before.items():
            assert await self._visible(self.identifier(v)) == visible, v

    async def _visible(self, conversation: str) -> tuple[SeenConversation, Numbered, Numbered]:
        drive = self.driver
        return (
            await drive.conversation(conversation),
            await drive.timeline(conversation, ""),
            await drive.transcript(conversation),
        )

    # --- then

    async def customer_saw(self, v: str = "v", channel: str = "web") -> list[str]:
        """What the customer saw since the givens; all of it went out, once and in order, and no number is missing."""
        everything = await self.driver.transcript(self.identifier(v))
        assert [number for number, _ in everything] == list(range(1, len(everything) + 1))
        outward = [line for _, line in everything if not line.startswith("customer: ")]
        sent = await self.driver.deliveries(self._channels[channel], self.identifier(v), len(outward))
        assert sent == list(enumerate(outward, start=1))
        return [self._plain(line) for _, line in everything[self._shown[v] :]]

    async def timeline(self, name: str, v: str = "v", *, is_whole: bool = False) -> list[str]:
        """What the agent reads on the conversation's timeline since the givens, or from its beginning."""
        entries: Numbered = await self.driver.timeline(self.identifier(v), self.whole(name))
        numbers = [number for number, _ in entries]
        assert numbers == sorted(set(numbers))
        mark = 0 if is_whole else self._entries[v]
        return [self._plain(line) for number, line in entries if number > mark]

    async def desk(self, name: str) -> list[str]:
        """What came over the agent's stream since the givens."""
        lines = await self.driver.desk(self.whole(name))
        return [self._plain(line) for line in lines[self._desks[name] :]]

    async def toasts(self, name: str) -> list[str]:
        """The toasts among it."""
        return [line.removeprefix("toast: ") for line in await self.desk(name) if line.startswith("toast: ")]

    async def offer(self, name: str) -> SeenOffer | None:
        """The offer on his desk; never more than one."""
        found = await self.driver.offers(self.whole(name))
        assert len(found) <= 1
        return self._bare(found[0]) if found else None

    async def offered(self, *names: str) -> list[str]:
        """Which of them have an offer on their desk."""
        return [name for name in names if await self.offer(name) is not None]

    async def until_offered(self, name: str) -> None:
        """Wait in real time for an offer: a plugin is being asked."""
        await self.driver.until_offered(self.whole(name))

    async def state(self, name: str, domain: str = "chat") -> str:
        """His state and load, such as `ACTIVE 1/3`."""
        return await self.driver.agent_state(self.whole(name), domain)

    async def conversation(self, v: str = "v") -> SeenConversation:
        """The conversation as it is."""
        return self._bare(await self.driver.conversation(self.identifier(v)))

    async def invite(self, number: int, v: str = "v") -> SeenInvite:
        """One of its invites, also an ended one."""
        return self._bare(await self.driver.invite(self.identifier(v), number))

    async def available(self, name: str, *, v: str = "", by: str = "") -> int:
        """The count that a queue shows to the asker."""
        counts = await self.driver.queue_counts(
            self.whole(name), self.identifier(v) if v else "", self.whole(by) if by else ""
        )
        return counts[0]

    async def waiting(self, name: str) -> int:
        """How many invites wait in a queue."""
        return (await self.driver.queue_counts(self.whole(name), "", ""))[1]

    async def happened(self, event: str, v: str = "v") -> int:
        """How often something happened to a conversation."""
        return (await self.driver.events(self.identifier(v))).count(event)

    async def finish(self) -> None:
        """Leave the engine as it was: nobody logged in, nothing open; and each conversation's numbers were right."""
        for name in sorted(self._agents):
            await self.driver.log_out(self.whole(name))
        for v, identifier in self._ids.items():
            if (await self.driver.conversation(identifier)).state != "CLOSED":
                await self.close(v)
