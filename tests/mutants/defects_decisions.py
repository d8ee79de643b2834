"""Defects of what strategies may answer besides one offer: to all at once, waiting, rejecting, and their cursors."""

from .defect import defect

__all__ = ["DECISIONS"]

DECISIONS = (
    defect(
        "second-accept-wins",
        "domain.conversation.offers",
        "    if len(invite.offers) > 1:\n        # Offered",
        "    if False:\n        # Offered",
        "I4 I6 I9",
        "Of several who were asked at once, those who did not win keep their offers.",
    ),
    defect(
        "parked-while-others-are-asked",
        "domain.conversation.offers",
        "    if len(invite.offers) > 1:\n        return",
        "    if False:\n        return",
        "I4 I6 I11",
        "The first of several to decline sends the invite back into the line.",
    ),
    defect(
        "all-without-leaving-the-line-once",
        "domain.conversation.turn",
        "left = self._leave_line(invite.target.queue, number) if is_first else []",
        "left = self._leave_line(invite.target.queue, number)",
        "I11",
        "An invite that is offered to three leaves its queue three times.",
    ),
    defect(
        "cursor-forgotten-on-recovery",
        "actors.recovery",
        "        shard.facts.load(address, state, position)\n",
        "        if address.kind is Kind.QUEUE:\n"
        "            state = type(state)(settings=state.settings, waiting=state.waiting)\n"
        "        shard.facts.load(address, state, position)\n",
        "I10",
        "After a restart a strategy begins anew.",
    ),
    defect(
        "cursor-of-a-fault-kept",
        "domain.conversation.turn",
        'case e.DecisionMade(fault="", strategy=strategy, cursor=cursor)',
        "case e.DecisionMade(strategy=strategy, cursor=cursor)",
        "I10",
        "A strategy that failed once has lost its cursor.",
    ),
    defect(
        "wait-never-ended",
        "domain.conversation.state",
        "    if invite.wait_until is not None:\n        due",
        "    if False:\n        due",
        "I8 I11",
        "A strategy that wanted to wait is not asked again in its time.",
    ),
    defect(
        "wait-holds-whoever-comes",
        "actors.matching",
        "            self._stirred.update(queue.held)\n",
        "            pass\n",
        "I11",
        "A strategy that wanted to wait is not asked again when others can be asked.",
    ),
    defect(
        "reject-ends-as-declined",
        "domain.conversation.offers",
        "    if command.rejected is not None:\n        _unserved(turn, invite, InviteState.NO_AGENT)",
        "    if command.rejected is not None:\n        _unserved(turn, invite, InviteState.DECLINED)",
        "I6",
        "An invite that its strategy rejected looks as if an agent had declined it.",
    ),
)
