"""Whether deadlines were set as the limits say, where those are known: a wrong one kept to the second is wrong (I8)."""

from hookflash.engine.domain import events as e
from hookflash.engine.domain.limits import Limits
from hookflash.sdk.types import OfferOutcome, QueueId

from .findings import Findings
from .happenings import Happenings
from .violation import Promise
from .world import World

__all__ = ["Durations"]

_ROUNDING_S = 1e-3
_PAUSED = (OfferOutcome.DECLINED, OfferOutcome.MISSED)


class Durations:
    """Follows everything that sets a deadline; the limits were the same all the time."""

    def __init__(self, limits: Limits, world: World, findings: Findings) -> None:
        """`world` is as it was before the event."""
        self._limits, self._world, self._findings = limits, world, findings

    def judge(self, subject: str, event: e.Event, now: Happenings) -> None:
        """Judge one event."""
        limits = self._limits
        match event:
            case e.AgentDetached(grace_until=until):
                self._expect(f"the grace of {subject}", until - now.at, limits.disconnect_grace_s)
            case e.InvitePlaced(invite=invite):
                line = self._world.lines.get(QueueId(invite.target.queue or ""))
                own = None if line is None else line.settings.offer_timeout_s
                due_s = limits.offer_timeout_s if own is None else own
                self._expect(f"the offer_timeout of invite {invite.number} of {subject}", invite.offer_timeout_s, due_s)
            case e.OfferEnded(agent=agent, outcome=outcome, paused_until=until) if outcome in _PAUSED:
                pause_s = 0.0 if until is None else until - now.at
                self._expect(f"the pause of {agent} for {subject}", pause_s, limits.reoffer_pause_s)
            case _:
                pass

    def _expect(self, what: str, is_s: float, due_s: float) -> None:
        fact = f"{what} is {is_s:g} s instead of {due_s:g} s"
        self._findings.expect(Promise.I8, abs(is_s - due_s) <= _ROUNDING_S, fact)
