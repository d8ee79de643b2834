"""What tests of strategies share: a queue's view, and one decision among a pool of agents."""

from collections.abc import Mapping, Sequence
from random import Random

from hookflash.sdk import (
    AgentView,
    Cursor,
    Decision,
    InviteView,
    OrderedCandidates,
    QueueView,
    RoutingContext,
    RoutingStrategy,
    choose,
)
from hookflash.sdk.types import InviteId, InviteKind, MediaDomainId, QueueId

__all__ = ["INVITE", "decide", "queue"]

INVITE = InviteView(
    id=InviteId("conversations/1/invites/1"),
    kind=InviteKind.ROUTE,
    target="queues/billing",
    media_domain=MediaDomainId("chat"),
    placed_at=0.0,
    deadline=300.0,
)


def queue(options: Mapping[str, str], required: tuple[str, ...] = ()) -> QueueView:
    return QueueView(id=QueueId("billing"), media_domain=MediaDomainId("chat"), options=options, required=required)


def decide(
    strategy: RoutingStrategy,
    pool: Sequence[AgentView],
    *,
    options: Mapping[str, str] | None = None,
    required: tuple[str, ...] = (),
    cursor: Cursor = None,
    waited_s: float = 10.0,
    invite: InviteView = INVITE,
    random: Random | None = None,
) -> Decision:
    """Let the strategy decide as the engine would: by `select`, or else the first of its order."""
    shown = queue(options or {}, required)
    draw = random or Random(1)  # noqa: S311 - repeatable by intent
    context = RoutingContext(now=waited_s, waited_s=waited_s, queue=shown, cursor=cursor, random=draw)
    return choose(strategy, invite, OrderedCandidates(strategy, shown, pool), context)
