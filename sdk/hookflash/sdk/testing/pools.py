"""Candidates for a strategy to be tried on."""

import random

from hookflash.sdk.routing import AgentView
from hookflash.sdk.types import AgentId, AgentState

__all__ = ["agent_views"]


def agent_views(count: int, seed: int) -> list[AgentView]:
    """Make candidates that differ in everything a strategy may look at, with many ties; the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - repeatable by intent
    views = []
    for place in range(count):
        capacity = draw.randint(1, 5)
        load = draw.randrange(capacity)
        views.append(
            AgentView(
                id=AgentId(f"a{place:05}"),
                state=AgentState.ACTIVE if load else AgentState.READY,
                load=load,
                capacity=capacity,
                available_since=float(draw.randrange(10)),
                offered_at=draw.choice((None, 1.0, 2.0)),
                finished_at=draw.choice((None, 1.0, 2.0)),
                handled=draw.randrange(4),
                talk_s=float(draw.randrange(100)),
                attributes={"senior": draw.random() < 0.5, "english": draw.randint(0, 10)},  # noqa: PLR2004 - a coin
                rank=draw.randint(1, 3),
                place=place,
                weight=draw.randint(1, 3),
            )
        )
    draw.shuffle(views)
    return views
