"""`age_and_priority` orders as Genesys' score does: minutes waited plus priority, the highest first, at any time."""

import random
from dataclasses import replace

import pytest

from hookflash.plugins.age_and_priority import AgeAndPriority
from hookflash.sdk import InviteView
from hookflash.sdk.types import InviteId, InviteKind, MediaDomainId

INVITE = InviteView(
    id=InviteId("i"),
    kind=InviteKind.ROUTE,
    target="queues/q",
    media_domain=MediaDomainId("chat"),
    placed_at=0.0,
    deadline=9000.0,
)


def _score(invite: InviteView, now: float) -> float:
    return (now - invite.placed_at) / 60 + invite.priority


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("now", [3600.0, 7200.0])
def test_whoever_has_the_higher_score_is_served_first(seed: int, now: float) -> None:
    draw = random.Random(seed)  # noqa: S311 - repeatable by intent
    line = [
        replace(INVITE, placed_at=draw.uniform(0, 3600), priority=draw.randint(1, 11), id=InviteId(str(number)))
        for number in range(50)
    ]
    ordered = sorted(line, key=AgeAndPriority().key)
    scores = [_score(invite, now) for invite in ordered]
    assert scores == sorted(scores, reverse=True)
