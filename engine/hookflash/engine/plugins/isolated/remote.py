"""What stands in the engine for the objects of a plugin in a process of its own: the same methods, asked over the pipe.

A strategy's process sees so many candidates only, the best by the default order; it orders and chooses among those.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, final

from hookflash.engine.plugins.isolated import frames
from hookflash.sdk import filters
from hookflash.sdk.filters import FilterContext, Filtered
from hookflash.sdk.hours import OpenState
from hookflash.sdk.routing import (
    AgentView,
    Candidates,
    Decision,
    InviteView,
    Offer,
    OrderKey,
    QueueView,
    Reject,
    RoutingContext,
    Wait,
)
from hookflash.sdk.types import AgentId

__all__ = ["RemoteChannel", "RemoteFilter", "RemoteHours", "RemoteStrategy"]

Ask = Callable[[frames.Question], frames.Answer]

_SEED_BITS: Final = 64


class RemoteError(Exception):
    """The plugin raised in its process, or answered what is no answer to that question."""


@final
class RemoteStrategy:
    """A strategy; `order` is the default's, so the candidates that go over are the best by that."""

    def __init__(self, name: str, ask: Ask, candidates_max: int) -> None:
        """Ask it through `ask`, with at most so many candidates."""
        self.name = name
        self._ask = ask
        self._candidates_max = candidates_max

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002 - every queue is ordered alike
        """Give the default order's key."""
        return (agent.rank, agent.available_since, agent.place)

    def problems(self, options: Mapping[str, str]) -> tuple[str, ...]:
        """Let the process say what is wrong with a queue's options."""
        match answer := self._ask(frames.AskOptions(name=self.name, options=dict(options))):
            case frames.Problems():
                return answer.problems
            case _:
                raise _error(answer)

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
        """Let the process decide."""
        question = frames.AskStrategy(
            name=self.name,
            invite=invite,
            queue=context.queue,
            candidates=list(candidates.top(self._candidates_max)),
            now=context.now,
            waited_s=context.waited_s,
            step=context.step,
            cursor=context.cursor,
            seed=context.random.getrandbits(_SEED_BITS),
        )
        match answer := self._ask(question):
            case frames.Offered():
                agents = tuple(AgentId(agent) for agent in answer.agents)
                return Offer(agents=agents, to=answer.to, cursor=answer.cursor)
            case frames.Waited():
                return Wait(wait_s=answer.wait_s, cursor=answer.cursor)
            case frames.Rejected():
                return Reject(reason=answer.reason, cursor=answer.cursor)
            case _:
                raise _error(answer)


@final
class RemoteChannel:
    """A kind of adapter, as far as it is asked here: its channels are served by processes of their own."""

    def __init__(self, kind: str, ask: Ask, file: Path | None) -> None:
        """Ask it through `ask`; `file` is its plugin's, None where that is installed."""
        self.kind = kind
        self.file = file
        self._ask = ask

    def problems(self, settings: Mapping[str, str]) -> tuple[str, ...]:
        """Let the process say what is wrong with a channel's settings."""
        match answer := self._ask(frames.AskSettings(kind=self.kind, settings=dict(settings))):
            case frames.Problems():
                return answer.problems
            case _:
                raise _error(answer)


@final
class RemoteFilter:
    """A text filter."""

    def __init__(self, name: str, index: int, ask: Ask) -> None:
        """It is the one at this place among the plugin's."""
        self.name = name
        self._index = index
        self._ask = ask

    def apply(self, text: str, context: FilterContext) -> Filtered:
        """Let the process judge a text."""
        match answer := self._ask(frames.AskFilter(index=self._index, text=text, context=context)):
            case frames.Passed():
                return filters.Passed()
            case frames.Redacted():
                return filters.Redacted(answer.text)
            case frames.Blocked():
                return filters.Blocked(answer.reason)
            case _:
                raise _error(answer)


@final
class RemoteHours:
    """A provider of opening hours; its calendars are those that it had when it was loaded."""

    def __init__(self, name: str, calendars: tuple[str, ...], ask: Ask) -> None:
        """Take what it said it knows."""
        self.name = name
        self._calendars = calendars
        self._ask = ask

    def calendars(self) -> tuple[str, ...]:
        """Name the calendars."""
        return self._calendars

    def state(self, calendar: str, now: datetime) -> OpenState:
        """Let the process say whether a calendar is open. Raises KeyError for one that it does not know."""
        match answer := self._ask(frames.AskHours(name=self.name, calendar=calendar, now=now)):
            case frames.State():
                return OpenState(is_open=answer.is_open, until=answer.until, reason=answer.reason)
            case frames.Failed(kind="KeyError"):
                raise KeyError(calendar)
            case _:
                raise _error(answer)


def _error(answer: frames.Answer) -> RemoteError:
    if isinstance(answer, frames.Failed):
        return RemoteError(f"{answer.kind}: {answer.words}")
    return RemoteError(f"it answered another question: {type(answer).__name__}")
