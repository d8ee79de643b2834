"""A plugin in a process of its own: it answers as it would inside, and whatever it does costs one call."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hookflash.engine.plugins import Answer, LoadedStrategy, PluginHost, PluginState
from hookflash.engine.plugins.isolated import process
from hookflash.sdk import filters
from hookflash.sdk.filters import FilterContext, FilterStage
from hookflash.sdk.hours import OpenState
from hookflash.sdk.routing import AgentView, RoutingContext
from hookflash.sdk.types import AgentId
from tests.plugins.test_asking import CANDIDATES, CONTEXT, INVITE, QUEUE, Answers
from tests.plugins.written import Folder, plugin

PLUGIN = """
import ctypes, os, signal, sys, time
from datetime import datetime
from hookflash.sdk import filters

class Mine:
    name = "mine"

    def order(self, agent, queue):
        return (-agent.place,)

    def select(self, invite, candidates, context):
        todo = context.queue.options.get("do", "")
        if todo:
            exec(todo)
        return Offer(agents=tuple(agent.id for agent in candidates), cursor={"asked": len(candidates)})

class Simple:
    name = "simple"

    def order(self, agent, queue):
        return (-agent.place,)

class Shouting:
    name = "shouting"

    def apply(self, text, context):
        if text.isupper():
            return filters.Blocked("shouting")
        return filters.Passed() if text.islower() else filters.Redacted(text.lower())

class Always:
    name = "always"

    def calendars(self):
        return ("office",)

    def state(self, calendar, now):
        {"office": 1}[calendar]
        return OpenState(is_open=now.hour < 12, until=now, reason="lunch")

@hookimpl
def hookflash_register(registry):
    registry.strategy(Mine)
    registry.strategy(Simple)
    registry.filter(Shouting(), stage="outbound")
    registry.hours(Always())
"""
APART = {"isolation": "process"}
BEST_FIRST = (AgentId("a3"), AgentId("a2"), AgentId("a1"))
NAME = "kept_apart"
MODULE = f"hookflash_plugins_dir_{NAME}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """One folder and host for all that does not break the child: it takes a moment to start."""
    made = Folder(tmp_path_factory.mktemp("plugins"))
    made.write(NAME, PLUGIN)
    made.load(tables={NAME: APART})
    yield made
    made.hosts[0].stop(timeout_s=1.0)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that runs many tests at once does not answer within 50 ms; what is late here is late for ever."""
    monkeypatch.setattr(process, "ANSWER_S", 3.0)


def _strategy(host: PluginHost, name: str = "mine") -> LoadedStrategy:
    found = host.strategy(name)
    assert found is not None
    return found


def _ask(host: PluginHost, do: str = "", *, name: str = "mine", candidates: list[AgentView] = CANDIDATES) -> Answer:
    queue = replace(QUEUE, options={"do": do})
    answers = Answers()
    context: RoutingContext = replace(CONTEXT, queue=queue)
    host.ask(_strategy(host, name), INVITE, queue, candidates, context, answers)
    return answers.one()


def _ask_until_it_answers(host: PluginHost) -> Answer:
    """Ask again while the child is being started."""
    while (answer := _ask(host)).fault is not None:
        assert "start" in answer.fault, answer.fault
    return answer


def test_a_strategy_answers_as_it_would_inside_and_nothing_of_it_is_imported_here(shared: Folder) -> None:
    (host,) = shared.hosts
    assert plugin(host, NAME).state is PluginState.LOADED
    assert _ask(host).agents == BEST_FIRST
    assert _ask(host, name="simple").agents == BEST_FIRST
    assert MODULE not in sys.modules


def test_filters_and_hours_are_asked_over_the_pipe_too(shared: Folder) -> None:
    registered = shared.hosts[0]._registered[NAME]  # noqa: SLF001  what stands for the plugin's objects
    ((stage, found),) = registered.filters
    context = FilterContext(stage=FilterStage.OUTBOUND)
    assert stage is FilterStage.OUTBOUND
    assert [found.apply(text, context) for text in ("aloud", "Aloud", "ALOUD")] == [
        filters.Passed(),
        filters.Redacted("aloud"),
        filters.Blocked("shouting"),
    ]
    hours, now = registered.hours["always"], datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert hours.calendars() == ("office",)
    assert hours.state("office", now) == OpenState(is_open=True, until=now, reason="lunch")
    with pytest.raises(KeyError):
        hours.state("moon", now)


def test_only_the_best_candidates_by_the_default_order_go_over(folder: Folder) -> None:
    folder.write(NAME, PLUGIN)
    host = folder.load(tables={NAME: {**APART, "candidates_max": 2}})
    everybody = [AgentView(id=AgentId(f"b{place}"), place=place) for place in range(10)]
    assert _ask(host, candidates=everybody).agents == (AgentId("b1"), AgentId("b0"))


def test_what_it_prints_and_reads_does_not_reach_the_pipe(shared: Folder) -> None:
    (host,) = shared.hosts
    do = "print('x' * 10_000, flush=True); os.write(1, b'rubbish'); sys.stdin.read()"
    assert _ask(host, do).agents == BEST_FIRST


def test_an_exception_is_a_fault_and_the_process_goes_on(shared: Folder) -> None:
    (host,) = shared.hosts
    for do, fault in (("raise ValueError('no')", "ValueError: no"), ("Offer = lambda **_: 1; return_ = 1/0", "Zero")):
        assert fault in str(_ask(host, do).fault)
    assert _ask(host).agents == BEST_FIRST


@pytest.mark.spec("A-30", "R-Q8")
@pytest.mark.parametrize(
    ("do", "ended"),
    [
        ("os.abort()", "died of SIGABRT"),
        ("while True: pass", "was killed"),
        ("signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)", "was killed"),
        ("sys.exit(4)", "exited with 4"),
        ("os.closerange(3, 100); time.sleep(60)", "was killed"),
        ("os.write(4, b'r' * 4096); time.sleep(60)", "was killed"),
    ],
)
def test_whatever_it_does_to_its_process_costs_one_call(do: str, ended: str, shared: Folder) -> None:
    (host,) = shared.hosts
    _ask_until_it_answers(host)
    before = plugin(host, NAME).faults
    answer = _ask(host, do)
    assert answer.agents == ()
    assert str(answer.fault).endswith(f"its process {ended}")
    assert _ask_until_it_answers(host).agents == BEST_FIRST
    # While it was started again it was not asked, which is no fault.
    assert plugin(host, NAME).faults == before + 1


def test_memory_that_it_takes_without_end_is_its_own(folder: Folder) -> None:
    folder.write(NAME, PLUGIN)
    host = folder.load(tables={NAME: {**APART, "memory_max_mb": 256}})
    fault = str(_ask(host, "self.kept = bytearray(2 ** 40)").fault)
    assert fault.startswith("RemoteError: MemoryError")
    assert _ask(host).agents == BEST_FIRST


def test_one_that_fails_again_and_again_is_started_after_ever_longer_pauses(folder: Folder) -> None:
    folder.write(NAME, PLUGIN)
    host = folder.load(tables={NAME: APART})
    _ask(host, "os.abort()")
    while "start" in str((again := _ask(host, "os.abort()")).fault):
        pass
    assert str(again.fault).endswith("its process died of SIGABRT")
    assert "its process is started again in" in str(_ask(host).fault)


@pytest.mark.parametrize(
    ("source", "table", "state", "reason"),
    [
        ("1 / 0", {}, PluginState.FAILED, "ZeroDivisionError"),
        ("import os; os.abort()", {}, PluginState.FAILED, "it ended while it was starting; its process died of SIG"),
        ("pass", {"sha256": "0" * 64}, PluginState.FAILED, "the pinned sha256 does not fit"),
        ("pass", {"candidates_max": 201}, PluginState.FAILED, "candidates_max must be a whole number from 1 to 200"),
        ("pass", {"isolation": "prison"}, PluginState.FAILED, "isolation must be one of none, process"),
        ("pass", {"memory_max_mb": True}, PluginState.FAILED, "memory_max_mb must be"),
        (
            "@hookimpl\ndef hookflash_event(event): pass",
            {},
            PluginState.FAILED,
            "is for strategies, filters, hours and adapters; it also has hookflash_event",
        ),
    ],
)
def test_what_keeps_it_from_loading_is_said_as_for_any_other(
    source: str, table: dict[str, object], state: PluginState, reason: str, folder: Folder
) -> None:
    folder.write(NAME, f"{PLUGIN}\n{source}\n")
    found = plugin(folder.load(tables={NAME: {**APART, **table}}), NAME)
    assert found.state is state
    assert reason in found.reason


def test_a_name_that_is_taken_is_refused_also_to_a_process(folder: Folder) -> None:
    folder.write("early", PLUGIN)
    folder.write("late", PLUGIN)
    found = plugin(folder.load(tables={"early": APART, "late": APART}), "late")
    assert (found.state, "there is already another" in found.reason) == (PluginState.FAILED, True)


def test_one_that_is_left_out_is_not_even_started(folder: Folder, tmp_path: Path) -> None:
    folder.write(NAME, f"open({str(tmp_path / 'was_here')!r}, 'w')\n" + PLUGIN)
    folder.load(tables={NAME: {**APART, "enabled": False}})
    folder.load(tables={NAME: APART}, allow=frozenset({"other"}))
    assert not (tmp_path / "was_here").exists()
