"""Defects of restarts, snapshots and deadlines: forgotten, early, late, behind."""

from .defect import defect

__all__ = ["RECOVERY"]

_FOLLOW = "shard.world.follow(address, None, state)"

RECOVERY = (
    defect(
        "timers-forgotten-at-restart",
        "actors.recovery",
        _FOLLOW,
        "shard.world.registry.change(None, state), shard.world.matching.change(address, None, state)",
        "I6 I8",
        "Deadlines that were set before a restart never fire.",
    ),
    defect(
        "parked-forgotten-at-restart",
        "actors.recovery",
        _FOLLOW,
        "shard.world.registry.change(None, state), shard.world.timers.change(address, None, state), "
        "address.kind is Kind.CONVERSATION or shard.world.matching.change(address, None, state)",
        "I11",
        "Invites that waited before a restart are offered to nobody until something happens to them.",
    ),
    defect(
        "addresses-forgotten-at-restart",
        "actors.recovery",
        _FOLLOW,
        "shard.world.timers.change(address, None, state), shard.world.matching.change(address, None, state)",
        "I4 I6",
        "Whose conversation is open is not known after a restart.",
    ),
    defect(
        "outbox-forgotten-at-restart",
        "engine",
        "self.outbox.restore(self.views.unsettled_deliveries())",
        "self.views.unsettled_deliveries()",
        "I3 I6",
        "What was on its way to a customer when the engine died is never sent.",
    ),
    defect(
        "overdue-offer-counts",
        "actors.alarms",
        "changed(command, is_overdue=True) if isinstance(command, EndOffer) else command",
        "command",
        "I8",
        "An offer that ran out while the engine was down counts as missed.",
    ),
    defect(
        "boot-detaches-nobody",
        "domain.site_rules",
        "Tell(Address(Kind.AGENT, agent), c.Detach(stream=None))",
        'Tell(Address(Kind.AGENT, agent), c.Detach(stream="none"))',
        "I8",
        "After a restart agents without a desk are offered conversations, and are never logged out.",
    ),
    defect(
        "snapshot-behind-its-position",
        "views.gathered",
        "self._states[address] = (state, position)",
        "self._states[address] = (self._states.get(address, (state,))[0], position)",
        "I10",
        "A snapshot holds the first state of its batch under the position of the last.",
    ),
    defect(
        "projector-skips-a-record",
        "views.writer",
        "                gathered.add(projection)\n",
        "                projection.record.position % 41 and gathered.add(projection)\n",
        "I1 I2 I6 I10",
        "Now and then a record never reaches the views.",
    ),
    defect(
        "passivated-before-the-views-know",
        "actors.passivation",
        "self._closed.append((sealed.record.position, address))",
        "self._shard.facts.drop(address)",
        "I6 I9 I10",
        "A closed conversation is let go of while the views still show it open; whoever asks again revives that.",
    ),
    defect(
        "timer-too-early",
        "actors.timers",
        "and when <= now:",
        "and when <= now + 0.5:",
        "I8",
        "With one deadline ring all that are due within half a second.",
    ),
    defect(
        "timer-too-late",
        "actors.alarms",
        "self._shard.clock.wake_at(when, self._ring)",
        "self._shard.clock.wake_at(when + 1.5, self._ring)",
        "I6 I8 I11",
        "Every deadline fires one and a half seconds late.",
    ),
    defect(
        "earlier-deadline-not-armed",
        "actors.alarms",
        "(self._armed_for is not None and self._armed_for <= when)",
        "self._armed_for is not None",
        "I6 I8 I11",
        "A deadline that is set while a later one is awaited fires with that one.",
    ),
    defect(
        "grace-survives-coming-back",
        "domain.agent",
        "is_logged_in=True, stream=stream, grace_until=None, ready=ready)",
        "is_logged_in=True, stream=stream, ready=ready)",
        "I8",
        "An agent who came back in time is logged out all the same when his grace is over.",
    ),
    defect(
        "grace-without-length",
        "domain.agent_rules",
        "grace_until=turn.ctx.now + turn.ctx.limits.disconnect_grace_s))",
        "grace_until=turn.ctx.now))",
        "I8",
        "Whoever loses his connection is logged out at once.",
    ),
    defect(
        "pause-without-length",
        "domain.conversation.offers",
        "reoffer_pause_s\n    turn.add(_ended(turn, invite, offer, OfferOutcome.D",
        "reoffer_pause_s * 0\n    turn.add(_ended(turn, invite, offer, OfferOutcome.D",
        "I8",
        "Whoever declined is asked again at once.",
    ),
    defect(
        "grace-ignored",
        "domain.agent_rules",
        "if state.grace_until is not None and state.grace_until <= ctx.now:",
        "if state.grace_until is None:",
        "I8",
        "Nobody is logged out when his grace is over.",
    ),
)
