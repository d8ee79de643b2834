"""Defects of invites and offers: two at once, too late, without end."""

from .defect import defect

__all__ = ["SEARCHES"]

SEARCHES = (
    defect(
        "late-accept-wins",
        "domain.conversation.offers",
        "if invite is None or invite.offer is None or invite.offer.number != number:",
        "if invite is None or invite.offer is None:",
        "I4 I14",
        "Accepting an offer that is over takes the one that is open now, which is another agent's.",
    ),
    defect(
        "second-invite",
        "domain.conversation.search",
        "    if state.open_invite is not None:\n",
        "    if False:\n",
        "I5",
        "A conversation in which a search is on can be transferred once more.",
    ),
    defect(
        "second-open-conversation",
        "domain.conversation.talk",
        "    if other is not None:\n",
        "    if False:\n",
        "I4",
        "A customer who has an open conversation is given another one.",
    ),
    defect(
        "ttl-forgotten-after-an-offer",
        "domain.conversation.state",
        "due[c.EndInvite(number=invite.number)] = invite.expire_at",
        "due.update({} if invite.tried else {c.EndInvite(number=invite.number): invite.expire_at})",
        "I6",
        "An invite that was offered once waits for ever.",
    ),
    defect(
        "ttl-not-asked-after-an-offer",
        "domain.conversation.offers",
        "elif turn.now >= invite.expire_at:",
        "elif False:",
        "I6",
        "An invite whose time ran out during an offer goes back into the line.",
    ),
    defect(
        "offer-survives-its-invite",
        "domain.conversation.attendance",
        "    if invite.offer is not None:\n",
        "    if False:\n",
        "I6",
        "An invite that is cancelled or closed leaves its offer open on somebody's desk.",
    ),
    defect(
        "inner-search-goes-on",
        "domain.conversation.attendance",
        "if invite is not None and invite.kind in (InviteKind.CONFERENCE, InviteKind.CONSULT):",
        "if invite is not None and invite.kind is InviteKind.CONSULT:",
        "I6",
        "A search for a further agent goes on when the agent who wanted one has gone.",
    ),
    defect(
        "unattended-and-nobody-told",
        "domain.conversation.attendance",
        "        become_unattended(turn)\n",
        "        return\n",
        "I6",
        "A customer is left alone, and nobody hears of it.",
    ),
    defect(
        "offered-while-parked-again",
        "domain.conversation.offers",
        "turn.add(e.InviteParkedAgain(invite=invite.number, priority=REOFFER_PRIORITY))",
        "pass",
        "I6",
        "An invite whose offer was not taken is neither offered nor in a line.",
    ),
    defect(
        "accepted-and-not-ended",
        "domain.conversation.state",
        "sought = changed(invite, state=ended, agent=winner, decision=None)",
        "sought = changed(invite, state=InviteState.PARKED if winner else ended, agent=winner, decision=None)",
        "I4 I6 I11",
        "An invite that was accepted waits on for another agent.",
    ),
    defect(
        "age-reset-on-reoffer",
        "domain.conversation.state",
        "sought = changed(invite, state=InviteState.PARKED, priority=priority)",
        "sought = changed(invite, state=InviteState.PARKED, priority=priority, placed_at=invite.expire_at)",
        "I12",
        "Whoever was offered and not taken starts again at the end of the line.",
    ),
    defect(
        "priority-lost-on-reoffer",
        "domain.conversation.state",
        "sought = changed(invite, state=InviteState.PARKED, priority=priority)",
        "sought = changed(invite, state=InviteState.PARKED)",
        "I12",
        "Whoever was offered and not taken stands behind those who came later with a higher priority.",
    ),
)
