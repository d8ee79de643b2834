"""The strategy that asks whoever has done least for this queue today: fewest conversations, or fewest seconds of them.

By `calls`, the default, it is Asterisk's `fewestcalls` and FreeSWITCH's `agent-with-fewest-calls`; by `talk_s`
FreeSWITCH's `agent-with-least-talk-time`.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, final

from hookflash.sdk import AgentView, OrderKey, QueueView, Registry, hookimpl, options_in

__all__ = ["SDK_API", "FewestHandled", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HandledOptions:
    """The `strategy_options` of a queue; `by` is what is counted, in this queue and today."""

    by: Literal["calls", "talk_s"] = "calls"


@final
class FewestHandled:
    """Orders by `(handled or talk_s, available_since, id)`."""

    name: ClassVar[str] = "fewest_handled"
    Options: ClassVar[type[HandledOptions]] = HandledOptions

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:
        """Give the least first, then the longest available."""
        done = agent.handled if options_in(HandledOptions, queue).by == "calls" else agent.talk_s
        return (done, agent.available_since, agent.id)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(FewestHandled)
