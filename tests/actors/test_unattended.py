"""A plugin has its say about a conversation that nobody attends: after the record, before the policy, once (R-L2)."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from threading import Event
from typing import TypeVar

import pytest

from hookflash.engine.domain import events as e
from hookflash.engine.domain.commands import AcceptOffer, Leave, PlaceInvite
from hookflash.engine.domain.conversation.state import state_of
from hookflash.engine.domain.values import CloseCause, QueueSettings, Target, UnattendedAnswer
from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.journal.record import Cause, CauseKind
from hookflash.engine.settings import Limits, UnattendedPolicy
from hookflash.sdk.types import AgentId, ConversationState, InviteKind, QueueId
from tests.actors.running import BILLING, Running, conversation, running

E = TypeVar("E")

LATE = QueueId("late")
HEAD = 'from hookflash.sdk import *\nfrom hookflash.sdk import hookimpl\n\nSDK_API = ">=1.0,<2"\n'
GATE, INSIDE = Event(), Event()
SEEN: list[object] = []
PLUGIN = """
from tests.actors.test_unattended import GATE, INSIDE, SEEN

async def later():
    return None

@hookimpl
def hookflash_unattended(conversation):
    SEEN.append(conversation)
    {body}
"""


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    SEEN.clear()
    GATE.clear()
    INSIDE.clear()


def _folder(tmp_path: Path, body: str, **others: str) -> Path:
    for name, each in {"one": body, **others}.items():
        (tmp_path / f"{name}.py").write_text(HEAD + dedent(PLUGIN.format(body=each)), encoding="utf-8")
    return tmp_path


async def _left_alone(run: Running) -> None:
    """Ann, who was alone with a customer, leaves him."""
    await run.site("ann", queues=(QueueSettings(id=BILLING), QueueSettings(id=LATE)))
    await run.attended("42")
    await run.run(conversation("42"), Leave(agent=AgentId("ann")))


async def _decided(run: Running) -> e.UnattendedDecided:
    """What was recorded of the answer, once it was."""
    await _until(lambda: _events(run, e.UnattendedDecided))
    return _events(run, e.UnattendedDecided)[-1]


async def _until(is_so: Callable[[], object]) -> None:
    """Let the loop run until something is so; the clock stands still meanwhile."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110  what is awaited differs from test to test
            await asyncio.sleep(0)


def _events(run: Running, kind: type[E]) -> list[E]:
    return [fact.event for sealed in run.sealed for fact in sealed.record.facts if isinstance(fact.event, kind)]


@pytest.mark.spec("R-L2")
@pytest.mark.parametrize(
    ("body", "answer", "state"),
    [
        ("return LeaveOpen()", UnattendedAnswer.LEAVE_OPEN, ConversationState.UNATTENDED),
        ("return RouteTo(QueueId('late'))", UnattendedAnswer.ROUTE, ConversationState.QUEUED),
        ("return Close()", UnattendedAnswer.CLOSE, ConversationState.CLOSED),
    ],
)
async def test_what_it_answers_goes_before_the_policy_and_is_recorded(
    body: str, answer: UnattendedAnswer, state: ConversationState, tmp_path: Path
) -> None:
    limits = Limits(on_unattended=UnattendedPolicy.QUEUE, on_unattended_queue="billing")
    async with running(plugins_dir=_folder(tmp_path, body), limits=limits) as run:
        await _left_alone(run)
        decided = await _decided(run)
        assert (decided.plugin, decided.answer) == ("one", answer)
        talk = run.talk("42")
        assert state_of(talk) is state
        assert talk.last_queue == (LATE if answer is UnattendedAnswer.ROUTE else BILLING)
        record = next(s.record for s in run.sealed if any(f.event == decided for f in s.record.facts))
        assert record.cause == Cause(CauseKind.PLUGIN, "one")
        (seen,) = SEEN
        assert (seen.former_agents, seen.last_queue) == (("ann",), BILLING)  # type: ignore[attr-defined]


@pytest.mark.spec("R-L2")
@pytest.mark.parametrize(
    "body",
    [
        "return None",
        "raise ValueError",
        "raise BaseException",
        "return 'close'",
        "return RouteTo(QueueId('nowhere'))",
        "return later()",
    ],
)
async def test_without_an_answer_the_policy_does_as_ever(body: str, tmp_path: Path) -> None:
    limits = Limits(on_unattended=UnattendedPolicy.CLOSE)
    async with running(plugins_dir=_folder(tmp_path, body), limits=limits) as run:
        await _left_alone(run)
        decided = await _decided(run)
        assert (decided.plugin, decided.answer) == ("", UnattendedAnswer.NONE)
        assert run.talk("42").closed is CloseCause.SERVICE


async def test_one_that_fails_is_passed_over_and_the_next_is_asked(tmp_path: Path) -> None:
    async with running(plugins_dir=_folder(tmp_path, "return Close()", two="raise ValueError")) as run:
        await _left_alone(run)
        assert (await _decided(run)).plugin == "one"
        assert len(SEEN) == 2


@pytest.mark.spec("R-L2")
async def test_it_is_asked_once_until_a_primary_has_been_there_again(tmp_path: Path) -> None:
    body = "return RouteTo(QueueId('late')) if conversation.last_queue == 'billing' else None"
    async with running(plugins_dir=_folder(tmp_path, body)) as run:
        await _left_alone(run)
        await _decided(run)
        await run.pass_time(run.engine.limits.ttl_s + 60)
        assert state_of(run.talk("42")) is ConversationState.UNATTENDED
        assert len(SEEN) == 1
        again = PlaceInvite(kind=InviteKind.ROUTE, agent=None, target=Target(queue=BILLING))
        await run.ready("ann")
        await run.run(conversation("42"), again)
        await run.run(conversation("42"), AcceptOffer(number=len(run.talk("42").offers)))
        await run.run(conversation("42"), Leave(agent=AgentId("ann")))
        await _until(lambda: len(_events(run, e.UnattendedDecided)) == 2)
        assert len(SEEN) == 2


async def test_what_somebody_does_meanwhile_stands_and_the_answer_is_dropped(tmp_path: Path) -> None:
    body = "INSIDE.set(); GATE.wait(10); return Close()"
    async with running(plugins_dir=_folder(tmp_path, body)) as run:
        await _left_alone(run)
        assert await asyncio.to_thread(INSIDE.wait, 10)
        route = PlaceInvite(kind=InviteKind.ROUTE, agent=None, target=Target(queue=LATE))
        await run.run(conversation("42"), route)
        GATE.set()
        await asyncio.to_thread(run.engine.plugins.wait_until_idle, 10)
        for _ in range(20):
            await asyncio.sleep(0)
        assert _events(run, e.UnattendedDecided) == []
        assert state_of(run.talk("42")) is ConversationState.QUEUED


@pytest.mark.spec("R-L2", "I10")
async def test_a_question_that_a_crash_left_open_is_asked_after_the_start_and_a_replay_asks_nobody(
    tmp_path: Path,
) -> None:
    store = MemoryStore()
    folder = _folder(tmp_path, "INSIDE.set(); GATE.wait(10); return RouteTo(QueueId('late'))")
    async with running(store, plugins_dir=folder) as run:
        await _left_alone(run)
        assert await asyncio.to_thread(INSIDE.wait, 10)
        assert run.talk("42").unattended_due is not None
        clock = run.clock
    GATE.set()
    clock.advance(5)
    async with running(store, plugins_dir=folder, clock=clock) as run:
        await _until(lambda: run.talk("42").unattended_due is None)
        assert run.talk("42").last_queue == LATE
        assert len(SEEN) == 2
    async with running(store, clock=clock) as run:
        assert run.talk("42").last_queue == LATE


@pytest.mark.spec("R-L2")
async def test_where_no_plugin_has_a_say_the_policy_stands_in_the_same_record() -> None:
    limits = Limits(on_unattended=UnattendedPolicy.CLOSE)
    async with running(limits=limits) as run:
        await _left_alone(run)
        assert run.talk("42").closed is CloseCause.SERVICE
        (unattended,) = _events(run, e.ConversationUnattended)
        assert not unattended.is_asked
        assert _events(run, e.UnattendedDecided) == []
