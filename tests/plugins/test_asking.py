"""A strategy that is not bundled is asked on its own thread, and a bad one costs nobody else anything."""

from dataclasses import dataclass, field
from threading import Event, get_ident

import pytest

from hookflash.engine.plugins import Answer, LoadedStrategy, PluginFault, PluginHost
from hookflash.sdk.routing import AgentView, InviteView, QueueView, RoutingContext
from hookflash.sdk.types import AgentId, InviteId, InviteKind, MediaDomainId, QueueId
from tests.plugins.written import Folder, plugin

SEEN: dict[str, object] = {}

STRATEGY = """
from tests.plugins.test_asking import SEEN, Event, get_ident

class Mine:
    name = "mine"

    def order(self, agent, queue):
        {order}
        return (-agent.place,)
    {select}

@hookimpl
def hookflash_register(registry):
    registry.strategy(Mine)
"""
QUEUE = QueueView(id=QueueId("billing"), media_domain=MediaDomainId("chat"))
INVITE = InviteView(
    id=InviteId("i-1"),
    kind=InviteKind.TRANSFER,
    target="queues/billing",
    media_domain=MediaDomainId("chat"),
    placed_at=0.0,
    deadline=900.0,
)
CONTEXT = RoutingContext(now=1.0, waited_s=1.0)
CANDIDATES = [AgentView(id=AgentId(name), place=place) for place, name in enumerate(("a1", "a2", "a3"))]
BEST_FIRST = (AgentId("a3"), AgentId("a2"), AgentId("a1"))
BUSY = "the plugin is still busy with an earlier call"


@dataclass
class Answers:
    """What came back, and a way to wait for it."""

    got: list[Answer] = field(default_factory=list)
    arrived: Event = field(default_factory=Event)
    thread: int = 0

    def __call__(self, answer: Answer) -> None:
        self.thread = get_ident()
        self.got.append(answer)
        self.arrived.set()

    def one(self) -> Answer:
        assert self.arrived.wait(5)
        (answer,) = self.got
        return answer


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    SEEN.clear()


def _mine(folder: Folder, *, order: str = "pass", select: str = "") -> tuple[PluginHost, LoadedStrategy]:
    folder.write("plug", STRATEGY.format(order=order, select=select))
    host = folder.load()
    strategy = host.strategy("mine")
    assert strategy is not None
    return host, strategy


def _ask(host: PluginHost, strategy: LoadedStrategy) -> Answer:
    answers = Answers()
    host.ask(strategy, INVITE, QUEUE, CANDIDATES, CONTEXT, answers)
    return answers.one()


def test_the_strategy_orders_the_candidates_on_its_plugins_own_thread(folder: Folder) -> None:
    host, strategy = _mine(folder, order="SEEN['thread'] = get_ident()")
    answers = Answers()
    host.ask(strategy, INVITE, QUEUE, CANDIDATES, CONTEXT, answers)
    assert answers.one() == Answer(agents=BEST_FIRST)
    assert answers.thread == SEEN["thread"] != get_ident()
    assert folder.faults == []


def test_a_strategy_that_selects_is_obeyed(folder: Folder) -> None:
    select = "def select(self, invite, candidates, context): return Offer(agents=(candidates.top(2)[1].id,))"
    assert _ask(*_mine(folder, select=select)) == Answer(agents=(AgentId("a2"),))


@pytest.mark.spec("A-30", "R-Q8")
@pytest.mark.parametrize(
    ("order", "select", "fault"),
    [
        ("raise ValueError('no')", "", "ValueError: no"),
        ("raise SystemExit(3)", "", "SystemExit: 3"),
        ("return (1, 'x') if agent.place else ('x', 1)", "", "TypeError"),
        ("pass", "def select(self, invite, candidates, context): return Offer(agents=('a9',))", "'a9', who is no cand"),
        ("pass", "def select(self, invite, candidates, context): return Offer(agents=())", "one or more agents"),
        ("pass", "def select(self, invite, candidates, context): return 'a1'", "it answered str, not an Offer"),
        ("pass", "def select(self, invite, candidates, context): return None", "it answered NoneType, not an Offer"),
    ],
)
def test_nonsense_is_a_fault_and_names_nobody(order: str, select: str, fault: str, folder: Folder) -> None:
    host, strategy = _mine(folder, order=order, select=select)
    answer = _ask(host, strategy)
    assert answer.agents == ()
    assert answer.fault is not None
    assert fault in answer.fault
    expected = PluginFault(plugin="plug", hook="strategy mine", error=answer.fault, fallback="longest_available")
    assert folder.faults == [expected]
    assert plugin(host, "plug").faults == 1


@pytest.mark.spec("A-30")
def test_a_call_that_blocks_is_one_fault_and_the_plugin_is_not_asked_until_it_has_returned(folder: Folder) -> None:
    block = "SEEN['inside'].set(); SEEN['gate'].wait(5)"
    host, strategy = _mine(folder, order=block)
    inside, gate = Event(), Event()
    SEEN.update(inside=inside, gate=gate)
    late, behind = Answers(), Answers()
    asking = host.ask(strategy, INVITE, QUEUE, CANDIDATES, CONTEXT, late)
    assert inside.wait(5)
    host.ask(strategy, INVITE, QUEUE, CANDIDATES, CONTEXT, behind)
    assert behind.got == []
    asking.give_up()
    assert behind.one() == Answer(fault=BUSY)
    assert _ask(host, strategy) == Answer(fault=BUSY)
    assert [fault.error for fault in folder.faults] == ["no answer within 0.05 s"]
    gate.set()
    assert host.wait_until_idle(5.0)
    assert late.got == []
    assert _ask(host, strategy) == Answer(agents=BEST_FIRST)
    assert plugin(host, "plug").faults == 1


def test_a_call_past_its_budget_keeps_others_away_before_anybody_gave_it_up(folder: Folder) -> None:
    host, strategy = _mine(folder, order="SEEN['inside'].set(); SEEN['gate'].wait(5)")
    inside, gate = Event(), Event()
    SEEN.update(inside=inside, gate=gate)
    late = Answers()
    host.ask(strategy, INVITE, QUEUE, CANDIDATES, CONTEXT, late)
    assert inside.wait(5)
    folder.clock.now += 0.06
    assert _ask(host, strategy) == Answer(fault=BUSY)
    gate.set()
    assert late.one() == Answer(fault="took 0.060 s, 0.05 s are allowed")


def test_a_healthy_plugin_asked_twice_at_once_answers_both(folder: Folder) -> None:
    host, strategy = _mine(folder, order="SEEN['inside'].set(); SEEN['gate'].wait(5)")
    inside, gate = Event(), Event()
    SEEN.update(inside=inside, gate=gate)
    both = [Answers(), Answers()]
    for answers in both:
        host.ask(strategy, INVITE, QUEUE, CANDIDATES, CONTEXT, answers)
    assert inside.wait(5)
    gate.set()
    assert [answers.one() for answers in both] == [Answer(agents=BEST_FIRST)] * 2
    assert folder.faults == []


def test_giving_up_what_waits_in_line_is_nobodys_fault(folder: Folder) -> None:
    host, strategy = _mine(folder, order="SEEN['inside'].set(); SEEN['gate'].wait(5)")
    inside, gate = Event(), Event()
    SEEN.update(inside=inside, gate=gate)
    first, second = Answers(), Answers()
    host.ask(strategy, INVITE, QUEUE, CANDIDATES, CONTEXT, first)
    assert inside.wait(5)
    host.ask(strategy, INVITE, QUEUE, CANDIDATES, CONTEXT, second).give_up()
    gate.set()
    assert first.one() == Answer(agents=BEST_FIRST)
    assert host.wait_until_idle(5.0)
    assert (second.got, folder.faults) == ([], [])


@pytest.mark.spec("R-Q8", "F-23")
def test_three_faults_keep_a_strategy_back_for_thirty_seconds_and_it_is_asked_again(folder: Folder) -> None:
    host, strategy = _mine(folder, order="assert SEEN.get('well'), 'sick'")
    faults = [_ask(host, strategy).fault for _ in range(5)]
    assert faults == ["AssertionError: sick"] * 3 + ["its breaker is open after repeated faults"] * 2
    assert plugin(host, "plug").is_open
    SEEN["well"] = True
    assert _ask(host, strategy).fault is not None
    folder.clock.now += 30
    assert _ask(host, strategy) == Answer(agents=BEST_FIRST)
    assert not plugin(host, "plug").is_open
    assert plugin(host, "plug").faults == 3


def test_an_answer_given_up_after_it_came_changes_nothing(folder: Folder) -> None:
    host, strategy = _mine(folder)
    answers = Answers()
    asking = host.ask(strategy, INVITE, QUEUE, CANDIDATES, CONTEXT, answers)
    assert answers.one() == Answer(agents=BEST_FIRST)
    asking.give_up()
    assert folder.faults == []


def test_a_receiver_that_raises_does_not_end_the_plugins_thread(folder: Folder) -> None:
    host, strategy = _mine(folder)

    def refuse(_answer: Answer) -> None:
        raise RuntimeError("the loop is closed")

    host.ask(strategy, INVITE, QUEUE, CANDIDATES, CONTEXT, refuse)
    assert _ask(host, strategy) == Answer(agents=BEST_FIRST)


def test_a_stopped_host_answers_that_it_stops(folder: Folder) -> None:
    host, strategy = _mine(folder)
    assert _ask(host, strategy).fault is None
    host.stop(timeout_s=5.0)
    assert _ask(host, strategy) == Answer(fault="the engine stops")


@pytest.mark.spec("F-23")
def test_an_unknown_strategy_is_nobody_rather_than_another(folder: Folder) -> None:
    host, _ = _mine(folder)
    assert host.strategy("mime") is None


def test_the_engines_own_order_needs_no_plugin(folder: Folder) -> None:
    fallback = folder.load().fallback
    views = [
        AgentView(id=AgentId("new"), available_since=9.0, place=0),
        AgentView(id=AgentId("second"), available_since=1.0, place=2),
        AgentView(id=AgentId("first"), available_since=1.0, place=1),
    ]
    assert list(fallback.choose(INVITE, QUEUE, views, CONTEXT).agents) == ["first", "second", "new"]
    assert fallback.name == "longest_available"
