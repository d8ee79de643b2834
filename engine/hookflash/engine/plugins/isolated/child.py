"""A process that holds one plugin: `python -m hookflash.engine.plugins.isolated.child`.

It is told on stdin which plugin, says on stdout what that registered, and answers questions one at a time until stdin
ends. What the plugin prints goes where errors go, and whatever it does to this process is done to nobody else.
"""

import ctypes
import os
import resource
import signal
from contextlib import suppress
from pathlib import Path
from random import Random
from time import monotonic
from typing import Final, assert_never

from hookflash.engine.plugins.facts import PluginSettings, PluginState
from hookflash.engine.plugins.isolated import frames
from hookflash.engine.plugins.loading import Verdict, load
from hookflash.engine.plugins.plugin_hooks import PluginHooks
from hookflash.engine.plugins.sources import Source
from hookflash.engine.plugins.staging import Registered
from hookflash.engine.plugins.strategies import problems_with
from hookflash.sdk import filters
from hookflash.sdk.config import problems
from hookflash.sdk.hours import OpenState
from hookflash.sdk.routing import Offer, OrderedCandidates, Reject, RoutingContext, SelectingStrategy, Wait

_STDIN, _STDOUT, _STDERR = range(3)
_PR_SET_PDEATHSIG: Final = 1
_WORDS_LENGTH_MAX: Final = 300
_ONLY_HOOK: Final = "hookflash_register"


def _main() -> None:
    questions, answers = _pipes()
    begin = frames.decode_begin(frames.read_frame(questions))
    _confine(begin.memory_bytes_max)
    verdict = _loaded(begin)
    registered = verdict.registered or Registered()
    frames.write_frame(answers, frames.encode(_report(verdict, registered)))
    while True:
        question = frames.decode_question(frames.read_frame(questions))
        frames.write_frame(answers, _encoded(_answer(question, registered)))


def _pipes() -> tuple[int, int]:
    """Where questions come from and answers go to; a plugin that reads or prints does so elsewhere."""
    questions, answers = os.dup(_STDIN), os.dup(_STDOUT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.close(nothing)
    with suppress(OSError):  # There is no stderr.
        os.dup2(_STDERR, _STDOUT)
    return questions, answers


def _confine(memory_bytes_max: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # Meant for the engine, which ends us itself.
    with suppress(OSError, AttributeError):  # Not on Linux: then a spinning child outlives a killed engine.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes_max, memory_bytes_max))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _loaded(begin: frames.Begin) -> Verdict:
    source = Source(
        name=begin.name,
        module=begin.module,
        attribute=begin.attribute,
        path=Path(begin.path) if begin.path else None,
    )
    manager = PluginHooks()
    verdict = load(source, PluginSettings(tables={begin.name: begin.table}), manager, monotonic, taken=frozenset())
    if verdict.registered is None:
        return verdict
    plugin = manager.get_plugin(begin.name)
    callers = [caller.name for caller in manager.get_hookcallers(plugin) or () if caller.name != _ONLY_HOOK]
    beyond = [*callers, *_beyond(verdict.registered)]
    if not beyond:
        return verdict
    reason = f'isolation = "process" is for strategies, filters, hours and adapters; it also has {", ".join(beyond)}'
    return Verdict(state=PluginState.FAILED, reason=reason)


def _beyond(registered: Registered) -> list[str]:
    """What of it cannot be reached through a pipe."""
    sorts: dict[str, object] = {
        "an ordering": registered.orderings,
        "a sink": registered.sinks,
        "an authenticator": registered.authenticators,
        "texts": registered.texts,
        "a command": registered.commands,
    }
    return [sort for sort, found in sorts.items() if found]


def _report(verdict: Verdict, registered: Registered) -> frames.Report:
    return frames.Report(
        state=str(verdict.state),
        reason=verdict.reason,
        traceback=verdict.traceback,
        strategies=tuple(registered.strategies),
        filters=tuple((stage, each.name) for stage, each in registered.filters),
        hours={name: tuple(each.calendars()) for name, each in registered.hours.items()},
        channels=tuple(registered.channels),
    )


def _answer(question: frames.Question, registered: Registered) -> frames.Answer:
    try:
        match question:
            case frames.AskStrategy():
                return _decision(question, registered)
            case frames.AskOptions():
                strategy = registered.strategies[question.name]
                return frames.Problems(problems=problems_with(strategy, question.options))
            case frames.AskSettings():
                adapter = registered.channels[question.kind]
                return frames.Problems(problems=problems(adapter.Config, question.settings))
            case frames.AskFilter():
                return _filtered(question, registered)
            case frames.AskHours():
                state: object = registered.hours[question.name].state(question.calendar, question.now)
                if type(state) is not OpenState:
                    return _nonsense(state)
                return frames.State(is_open=state.is_open, until=state.until, reason=state.reason)
            case _:
                assert_never(question)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises; an exit ends the process, as it asked
        return frames.Failed(kind=type(error).__name__, words=_words(error))


def _decision(question: frames.AskStrategy, registered: Registered) -> frames.Answer:
    strategy = registered.strategies[question.name]
    candidates = OrderedCandidates(strategy, question.queue, question.candidates)
    if not isinstance(strategy, SelectingStrategy):
        return frames.Offered(agents=tuple(agent.id for agent in candidates), to="one", cursor=None)
    context = RoutingContext(
        now=question.now,
        waited_s=question.waited_s,
        step=question.step,
        queue=question.queue,
        cursor=question.cursor,
        random=Random(question.seed),  # noqa: S311 - replayable by intent
    )
    decision: object = strategy.select(question.invite, candidates, context)
    # By type, not by pattern: a subclass may answer anything.
    if type(decision) is Offer:
        return frames.Offered(agents=decision.agents, to=decision.to, cursor=decision.cursor)
    if type(decision) is Wait:
        return frames.Waited(wait_s=decision.wait_s, cursor=decision.cursor)
    if type(decision) is Reject:
        return frames.Rejected(reason=decision.reason, cursor=decision.cursor)
    return _nonsense(decision)


def _filtered(question: frames.AskFilter, registered: Registered) -> frames.Answer:
    _, found = registered.filters[question.index]
    answer: object = found.apply(question.text, question.context)
    if type(answer) is filters.Passed:
        return frames.Passed()
    if type(answer) is filters.Redacted:
        return frames.Redacted(text=answer.text)
    if type(answer) is filters.Blocked:
        return frames.Blocked(reason=answer.reason)
    return _nonsense(answer)


def _nonsense(answer: object) -> frames.Failed:
    return frames.Failed(kind="ValueError", words=f"it answered {type(answer).__name__}")


def _encoded(answer: frames.Answer) -> bytes:
    try:
        return frames.encode(answer)
    except Exception as error:  # noqa: BLE001 - a Decision whose parts are no values
        return frames.encode(frames.Failed(kind=type(error).__name__, words="its answer holds what is no value"))


def _words(error: Exception) -> str:
    with suppress(Exception):  # An error that cannot even say what it is.
        return str(error)[:_WORDS_LENGTH_MAX]
    return ""


if __name__ == "__main__":
    code = 0
    try:
        _main()
    except frames.PipeBrokenError:
        pass  # The engine's end, and no error of ours.
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    # At once: the engine waits for the pipe to close, and nothing here is worth an orderly end.
    os._exit(code)
