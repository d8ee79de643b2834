"""Random centres under virtual time: agents, customers, settings, crashes; what must hold is checked at each record.

Hypothesis shrinks a failure to the few commands that show it.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.domain.limits import Limits, UnattendedPolicy
from hookflash.engine.domain.values import Offer
from hookflash.sdk.types import QueueId

from .engine_driver import EngineDriver
from .invariants import CANARY, Watcher
from .values import Attempt, Caller, Line, Person, RefusedError, Site, Step

AGENTS = ("ann", "bob", "cat", "dan")
QUEUES = ("billing", "sales", "steps")
CUSTOMERS = ("carl", "cora", "curt", "cleo")

EXAMPLES, STEPS = 30, 60

agents = st.sampled_from(AGENTS)
customers = st.sampled_from(CUSTOMERS)
targets = st.one_of(
    st.tuples(st.just("queues"), st.sampled_from(QUEUES)), st.tuples(st.just("agents"), st.sampled_from(AGENTS))
)
people = st.builds(
    Person,
    capacity=st.fixed_dictionaries({"chat": st.integers(0, 3)}),
    skills=st.fixed_dictionaries({"skill": st.integers(1, 10)}),
    queues=st.sampled_from([(), (), ("billing",), ("sales", "steps")]),
)
lines = st.builds(
    Line,
    id=st.sampled_from(QUEUES),
    priority=st.integers(1, 3),
    strategy=st.sampled_from(["longest_available", "least_occupied", "round_robin", "offer_all", "offer_all"]),
    ttl_s=st.sampled_from([None, 45.0]),
    steps=st.sampled_from(
        [(), (Step(expression="skill >= 5", wait_s=20), Step(expression="skill >= 3", wait_s=15), Step(expression=""))]
    ),
)


class Centre(RuleBasedStateMachine):
    """A contact centre with four agents, three queues and four customers."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.watcher = Watcher()
        self.open: dict[str, str] = {}
        self.serial = 0
        self.broken: Exception | None = None

    def teardown(self) -> None:
        try:
            if self.broken is None:
                self.runner.run(self.driver.check())
        finally:
            self.runner.run(self.driver.engine.stop())
            self.runner.close()

    @initialize(
        policy=st.sampled_from([UnattendedPolicy.LEAVE, UnattendedPolicy.CLOSE, UnattendedPolicy.QUEUE]),
        misses_max=st.sampled_from([0, 2]),
        away=st.lists(agents, unique=True, max_size=2),
    )
    def begin(self, policy: UnattendedPolicy, misses_max: int, away: list[str]) -> None:
        is_queued = policy is UnattendedPolicy.QUEUE
        limits = Limits(
            on_unattended=policy,
            on_unattended_queue="billing" if is_queued else None,
            misses_max=misses_max,
            agents_per_conversation_max=3,
        )
        self.driver = EngineDriver(limits)
        self.driver.listeners.append(self.hear)
        steps = (Step(expression="skill >= 5", wait_s=20), Step(expression=""))
        queues = (Line(id="billing"), Line(id="sales", priority=2), Line(id="steps", steps=steps))
        cast = {name: Person(capacity={"chat": 2}, skills={"skill": 2 * n}) for n, name in enumerate(AGENTS, start=1)}
        site = Site(queues=queues, attributes=("skill",), channels={"web": "billing"}, agents=cast)
        self.runner.run(self.set_up(site, [name for name in AGENTS if name not in away]))

    async def set_up(self, site: Site, ready: list[str]) -> None:
        """Whatever is refused here is a mistake of this test."""
        await self.driver.start()
        await self.driver.apply(site)
        for name in ready:
            await self.driver.attach(name)
            await self.driver.set_ready(name, "chat", is_ready=True)
        for customer in CUSTOMERS[:2]:
            self.open[customer] = await self.driver.receive("web", customer, customer, "hello", None, Caller())

    def do(self, asked: Awaitable[Any]) -> Any:  # noqa: ANN401  whatever it answers
        """Run it to its end; a refusal is an answer like any other."""

        async def done() -> Any:  # noqa: ANN401  as above
            try:
                return await asked
            except RefusedError:
                return None

        return self.runner.run(done())

    def hear(self, group: Sequence[Sealed]) -> None:
        """Check each record; what fails is raised by the next look, since a listener must not raise."""
        try:
            for sealed in group:
                self.watcher.hear(sealed)
        except Exception as error:  # noqa: BLE001  see above
            self.broken = self.broken or error

    # --- what may be done

    @precondition(lambda self: self.watcher.offers)
    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        conversation, offer = data.draw(st.sampled_from(self.offers()))
        self.do(self.driver.accept(f"{conversation}~{offer.number}", offer.agent, ""))

    @precondition(lambda self: self.watcher.offers)
    @rule(data=st.data())
    def accept_another(self, data: st.DataObject) -> None:
        self.accept(data)

    @precondition(lambda self: self.watcher.offers)
    @rule(data=st.data())
    def decline(self, data: st.DataObject) -> None:
        conversation, offer = data.draw(st.sampled_from(self.offers()))
        self.do(self.driver.decline(f"{conversation}~{offer.number}", offer.agent))

    @precondition(lambda self: self.attended())
    @rule(data=st.data(), kind=st.sampled_from(["TRANSFER", "CONFERENCE"]), to=targets)
    def place(self, data: st.DataObject, kind: str, to: tuple[str, str]) -> None:
        conversation, name = data.draw(st.sampled_from(self.attended()))
        self.do(self.driver.place(kind, conversation, name, to, Attempt(note=CANARY)))

    @precondition(lambda self: self.attended())
    @rule(data=st.data(), queue=st.sampled_from(QUEUES))
    def transfer(self, data: st.DataObject, queue: str) -> None:
        conversation, name = data.draw(st.sampled_from(self.attended()))
        self.do(self.driver.place("TRANSFER", conversation, name, ("queues", queue), Attempt(note=CANARY)))

    @precondition(lambda self: self.attended())
    @rule(data=st.data(), how=st.sampled_from(["say", "whisper", "leave", "leave", "close"]))
    def take_part(self, data: st.DataObject, how: str) -> None:
        conversation, name = data.draw(st.sampled_from(self.attended()))
        match how:
            case "say":
                self.do(self.driver.say(conversation, name, "hi"))
            case "whisper":
                self.do(self.driver.whisper(conversation, name, CANARY))
            case "leave":
                self.do(self.driver.leave(conversation, name))
            case _:
                self.do(self.driver.close(conversation))

    @rule(name=agents, how=st.sampled_from(["attach", "detach", "ready", "ready", "not ready", "log out"]))
    def agent_moves(self, name: str, how: str) -> None:
        match how:
            case "attach":
                self.do(self.driver.attach(name))
            case "detach":
                self.do(self.driver.detach(name))
            case "log out":
                self.do(self.driver.log_out(name))
            case _:
                self.do(self.driver.set_ready(name, "chat", is_ready=how == "ready"))

    @rule(customer=customers, to=st.one_of(st.none(), targets))
    def customer_writes(self, customer: str, to: tuple[str, str] | None) -> None:
        self.serial += 1
        found = self.do(self.driver.receive("web", customer, f"x{self.serial}", "hello", to, Caller()))
        if found:
            self.open[customer] = found

    @rule(customer=customers)
    def customer_leaves(self, customer: str) -> None:
        self.serial += 1
        self.do(self.driver.receive("web", customer, f"x{self.serial}", None, None, Caller()))

    @rule(
        data=st.data(),
        number=st.integers(1, 4),
        name=agents,
        to=targets,
        how=st.sampled_from(["late", "cancel", "route"]),
    )
    def odd(self, data: st.DataObject, number: int, name: str, to: tuple[str, str], how: str) -> None:
        """Answer an offer of long ago, cancel, or route, mostly where it makes no sense."""
        conversation = data.draw(st.sampled_from(sorted(self.open.values())))
        inside = [agent for each, agent in self.attended() if each == conversation]
        match how:
            case "late":
                self.do(self.driver.accept(f"{conversation}~{number}", name, ""))
            case "cancel":
                self.do(self.driver.cancel(conversation, number, inside[0] if inside else name))
            case _:
                self.do(self.driver.route(conversation, to))

    @rule(seconds=st.sampled_from([0.5, 9.5, 10.0, 20.0, 29.9, 30.0, 31.0, 310.0]))
    def pass_time(self, seconds: float) -> None:
        self.do(self.driver.pass_time(seconds))

    @rule(change=st.one_of(st.tuples(agents, people), lines))
    def configure(self, change: tuple[str, Person] | Line) -> None:
        if isinstance(change, Line):
            self.do(self.driver.apply(Site(queues=(change,))))
        else:
            self.do(self.driver.configure_agent(*change))

    @rule(down_s=st.sampled_from([0.0, 5.0, 40.0, 400.0]), back=st.lists(agents, unique=True))
    def crash(self, down_s: float, back: list[str]) -> None:
        self.do(self.driver.crash(down_s))
        for name in back:
            self.do(self.driver.attach(name))

    # --- what may be chosen from

    def offers(self) -> list[tuple[str, Offer]]:
        """The open offers by conversation."""
        made = self.watcher.offers.items()
        return sorted(
            ((address.id, offer) for address, offers in made for offer in offers.values()),
            key=lambda each: (each[0], each[1].number),
        )

    def attended(self) -> list[tuple[str, str]]:
        """Every open conversation with each of its agents."""
        return sorted((state.id, p.agent) for state in self.watcher.conversations() for p in state.participants)

    # --- what must hold

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "driver"):
            return
        if self.broken is not None:
            raise self.broken
        self.watcher.rest(self.driver.clock.now())
        for queue in QUEUES:
            assert self.driver.engine.shard.matching.stats(QueueId(queue)).waiting == self.watcher.parked(queue), "F-24"
        for address, state in self.watcher.world.items():
            live = self.driver.engine.shard.state(address)
            assert live is None or live == state, "I10: the records tell another state"


@pytest.mark.slow
@pytest.mark.spec(
    "INV-1", "INV-2", "INV-3", "INV-4", "INV-5", "INV-6", "I4", "I5", "I6", "I8", "I9", "I10", "I11",
    "R-A2", "R-O1", "R-Q6", "R-G11", "F-06", "F-19", "F-20", "F-24", "A-29",
)  # fmt: skip
def test_no_sequence_of_commands_time_and_crashes_breaks_an_invariant() -> None:
    run_state_machine_as_test(
        Centre,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
