"""Defects of the matching: somebody waits beside an agent who is free, or is served before his turn."""

from .defect import defect

__all__ = ["MATCHING"]

_MARK_AGENT = "        if is_ is not None and _available_in(is_):\n"
_MARK_INVITE = "            self._waiting[conversation] = is_\n            self._marked_invites.add(conversation)\n"
_LEFT_OUT = "left_out = excluded.union([t.agent for t in invite.tried]) if invite.tried else excluded\n"

MATCHING = (
    defect(
        "no-match-when-a-slot-is-free",
        "actors.matching",
        _MARK_AGENT,
        "        if is_ is not None and _available_in(is_) and not (was and len(was.slots) > len(is_.slots)):\n",
        "I11",
        "An agent who has a free slot again is not looked at.",
    ),
    defect(
        "no-match-when-ready",
        "actors.matching",
        _MARK_AGENT,
        "        if is_ is not None and _available_in(is_) and not (was and was.ready != is_.ready):\n",
        "I11",
        "An agent who says that he is ready is not looked at.",
    ),
    defect(
        "no-match-when-back",
        "actors.matching",
        _MARK_AGENT,
        "        if is_ is not None and _available_in(is_) and not (was and was.stream != is_.stream):\n",
        "I11",
        "An agent who comes back to his desk is not looked at.",
    ),
    defect(
        "no-match-when-a-step-opens",
        "actors.matching",
        _MARK_INVITE,
        "            self._waiting[conversation] = is_\n"
        "            if was is None or was.invite.step == is_.invite.step:\n"
        "                self._marked_invites.add(conversation)\n",
        "I11",
        "A further step lets in agents who are not asked.",
    ),
    defect(
        "no-match-when-a-pause-ends",
        "actors.matching",
        _MARK_INVITE,
        "            self._waiting[conversation] = is_\n"
        "            if was is None or was.invite.tried == is_.invite.tried:\n"
        "                self._marked_invites.add(conversation)\n",
        "I11",
        "An agent who may be asked again is not asked.",
    ),
    defect(
        "no-match-when-a-queue-changes",
        "actors.matching",
        "(conversation)\n            self._stirred.add(conversation)\n        new.take_offered",
        "\n        new.take_offered",
        "I11",
        "New settings of a queue let in agents who are not asked.",
    ),
    defect(
        "agent-settings-not-followed",
        "actors.matching",
        "is_resettled = was is None or is_ is None or was.settings is not is_.settings",
        "is_resettled = was is None or is_ is None",
        "I4 I11",
        "An agent who was taken out of a queue is still offered what waits in it.",
    ),
    defect(
        "requester-not-left-out",
        "actors.matching",
        "out.add(invite.requester)",
        "pass",
        "I4 I11",
        "Whoever placed an invite stands before those who could take it, and can never be asked.",
    ),
    defect(
        "only-the-first-queue-is-served",
        "actors.matching",
        "if first is not None:\n                heappush(heap, (first[-1], queue, first, agent))",
        "if first is not None:\n                heappush(heap, ((), queue, first, agent))",
        "I11 I12",
        "A freed agent takes from his first queue, whoever waits in the others.",
    ),
    defect(
        "order-ignores-age",
        "actors.queue_index",
        "-invite.priority, invite.placed_at, invite.placement, conversation",
        "-invite.priority, -invite.placed_at, invite.placement, conversation",
        "I12",
        "Who came last is served first.",
    ),
    defect(
        "order-ignores-queue-priority",
        "actors.queue_index",
        "return -self.settings.priority, -invite.priority",
        "return 0, -invite.priority",
        "I12",
        "A queue of high priority waits behind one of low priority.",
    ),
    defect(
        "order-ignores-invite-priority",
        "actors.queue_index",
        "return -self.settings.priority, -invite.priority",
        "return -self.settings.priority, 0",
        "I12",
        "A transfer waits behind a conversation that has just begun.",
    ),
    defect(
        "order-ignores-earlier-offers",
        "actors.queue_index",
        _LEFT_OUT,
        "left_out = excluded.union([t.agent for t in invite.tried if t.paused_until is not None])\n",
        "I12",
        "Who was asked before is asked again before those who were not.",
    ),
    defect(
        "pause-ignored",
        "actors.queue_index",
        _LEFT_OUT,
        "left_out = excluded\n",
        "I4 I12",
        "An agent who has just declined is asked again at once.",
    ),
    defect(
        "steps-ignored",
        "actors.queue_index",
        "for step, order in enumerate(self._order[: invite.step], start=1):",
        "for step, order in enumerate(self._order, start=1):",
        "I4",
        "Agents of a step that is not open yet are asked.",
    ),
    defect(
        "strategy-fault-without-fallback",
        "actors.strategies",
        "        command = self._shard.world.decisions.answer(",
        "        if answer.fault:\n            return\n        command = self._shard.world.decisions.answer(",
        "I11",
        "Where a strategy fails, nobody decides in its place.",
    ),
    defect(
        "strategy-without-end",
        "actors.strategies",
        "self._decide(ConversationId(address.id), command.decision, StrategyAnswer(fault=_OUT_OF_TIME))",
        "pass",
        "I6 I11",
        "A strategy that hangs keeps its invite waiting.",
    ),
)
