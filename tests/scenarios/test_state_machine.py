"""Random centres under virtual time: many agents, customers, settings, crashes; what must hold is checked at each record.

Hypothesis shrinks a failure to the few commands that show it.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.domain.limits import Limits, UnattendedPolicy
from hookflash.sdk.types import QueueId

from .engine_driver import EngineDriver
from .invariants import CANARY, Watcher
from .values import Attempt, Line, Person, RefusedError, Site, Step

AGENTS = ("ann", "bob", "cat", "dan")
QUEUES = ("billing", "sales", "steps")
CUSTOMERS = ("carl", "cora", "curt", "cleo")

EXAMPLES, STEPS = 60, 60

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
    strategy=st.sampled_from(["longest_available", "least_occupied"]),
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
        self.runner.run(self.driver.engine.stop())
        self.runner.close()

    @initialize(
        policy=st.sampled_from([UnattendedPolicy.LEAVE, UnattendedPolicy.CLOSE, UnattendedPolicy.QUEUE]),
        misses_max=st.sampled_from([0, 2]),
        ready=st.lists(agents, unique=True),
    )
    def begin(self, policy: UnattendedPolicy, misses_max: int, ready: list[str]) -> None:
        is_queued = policy is UnattendedPolicy.QUEUE
        limits = Limits(
            on_unattended=policy,
            on_unattended_queue="billing" if is_queued else None,
            misses_max=misses_max,
            agents_per_conversation_max=3,
        )
        self.driver = EngineDriver(limits)
        self.driver.listeners.append(self.hear)
        self.do(self.driver.start())
        steps = (Step(expression="skill >= 5", wait_s=20), Step(expression=""))
        queues = (Line(id="billing"), Line(id="sales", priority=2), Line(id="steps", steps=steps))
        cast = {name: Person(capacity={"chat": 2}, skills={"skill": 2 * n}) for n, name in enumerate(AGENTS, start=1)}
        site = Site(queues=queues, attributes=("skill",), channels={"web": "billing"}, agents=cast)
        self.runner.run(self.driver.apply(site))  # Whatever is refused here is a mistake of this test.
        for name in ready:
            self.do(self.driver.attach(name))
            self.do(self.driver.set_ready(name, "chat", is_ready=True))

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

    @rule(name=agents)
    def attach(self, name: str) -> None:
        self.do(self.driver.attach(name))

    @rule(name=agents)
    def detach(self, name: str) -> None:
        if name in self.driver.attached:
            self.do(self.driver.detach(name))

    @rule(name=agents, is_ready=st.booleans())
    def set_ready(self, name: str, is_ready: bool) -> None:  # noqa: FBT001  hypothesis passes by name
        self.do(self.driver.set_ready(name, "chat", is_ready=is_ready))

    @rule(name=agents)
    def log_out(self, name: str) -> None:
        self.do(self.driver.log_out(name))

    @rule(customer=customers, to=st.one_of(st.none(), targets))
    def customer_writes(self, customer: str, to: tuple[str, str] | None) -> None:
        self.serial += 1
        found = self.do(self.driver.receive("web", customer, f"x{self.serial}", "hello", to, "Carl"))
        if found:
            self.open[customer] = found

    @rule(customer=customers)
    def customer_leaves(self, customer: str) -> None:
        self.serial += 1
        self.do(self.driver.receive("web", customer, f"x{self.serial}", None, None, "Carl"))

    @rule(customer=customers, name=agents, kind=st.sampled_from(["TRANSFER", "CONFERENCE"]), to=targets)
    def place(self, customer: str, name: str, kind: str, to: tuple[str, str]) -> None:
        if customer in self.open:
            by = self.somebody(customer) or name
            self.do(self.driver.place(kind, self.open[customer], by, to, Attempt(note=CANARY)))

    @rule(customer=customers, name=agents)
    def whisper(self, customer: str, name: str) -> None:
        if customer in self.open:
            self.do(self.driver.whisper(self.open[customer], self.somebody(customer) or name, CANARY))

    @rule(customer=customers, name=agents)
    def say(self, customer: str, name: str) -> None:
        if customer in self.open:
            self.do(self.driver.say(self.open[customer], self.somebody(customer) or name, "hi"))

    @rule(customer=customers, is_everybody=st.booleans())
    def leave(self, customer: str, is_everybody: bool) -> None:  # noqa: FBT001  hypothesis passes by name
        while (name := self.somebody(customer)) is not None:
            self.do(self.driver.leave(self.open[customer], name))
            if not is_everybody:
                break

    @rule(customer=customers)
    def close(self, customer: str) -> None:
        if customer in self.open:
            self.do(self.driver.close(self.open[customer]))

    @rule(customer=customers, number=st.integers(1, 4), name=agents)
    def cancel(self, customer: str, number: int, name: str) -> None:
        if customer in self.open:
            self.do(self.driver.cancel(self.open[customer], number, self.somebody(customer) or name))

    @rule(customer=customers, to=targets)
    def route(self, customer: str, to: tuple[str, str]) -> None:
        if customer in self.open:
            self.do(self.driver.route(self.open[customer], to))

    @rule(data=st.data(), is_accepted=st.sampled_from([True, True, False]))
    def answer(self, data: st.DataObject, is_accepted: bool) -> None:  # noqa: FBT001  hypothesis passes by name
        found = sorted((str(address.id), offer) for address, offer in self.watcher.offers.items())
        if not found:
            return
        conversation, offer = data.draw(st.sampled_from(found))
        name = f"{conversation}~{offer.number}"
        self.do(self.driver.accept(name, offer.agent, "") if is_accepted else self.driver.decline(name, offer.agent))

    @rule(customer=customers, number=st.integers(1, 3), name=agents)
    def answer_late(self, customer: str, number: int, name: str) -> None:
        if customer in self.open:
            self.do(self.driver.accept(f"{self.open[customer]}~{number}", name, ""))

    @rule(seconds=st.sampled_from([0.5, 9.5, 10.0, 20.0, 29.9, 30.0, 31.0, 100.0, 310.0]))
    def pass_time(self, seconds: float) -> None:
        self.do(self.driver.pass_time(seconds))

    @rule(name=agents, person=people)
    def configure_agent(self, name: str, person: Person) -> None:
        self.do(self.driver.configure_agent(name, person))

    @rule(line=lines)
    def configure_queue(self, line: Line) -> None:
        self.do(self.driver.apply(Site(queues=(line,))))

    @rule(down_s=st.sampled_from([0.0, 5.0, 40.0, 400.0]))
    def crash(self, down_s: float) -> None:
        self.do(self.driver.crash(down_s))

    def somebody(self, customer: str) -> str | None:
        """An agent who is in the customer's conversation."""
        if customer not in self.open:
            return None
        seen = self.do(self.driver.conversation(self.open[customer]))
        return seen.agents[0] if seen is not None and seen.agents else None

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
