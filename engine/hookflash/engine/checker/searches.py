"""Invites and offers: placed once, offered to one who may be asked, ended once and in time (I4, I5, I6, I8, I12)."""

from typing import assert_never

from hookflash.engine.domain import events as e
from hookflash.engine.domain.values import Offer, RevokeReason, offer_id
from hookflash.sdk.types import InviteState, OfferOutcome

from .deadlines import GRACE_S, Deadlines
from .findings import Findings
from .happenings import Happenings
from .market import Market
from .violation import Promise
from .world import Search, Talk, World

__all__ = ["SearchEvent", "SearchRules"]

SearchEvent = (
    e.InvitePlaced
    | e.OfferMade
    | e.OfferEnded
    | e.InviteParkedAgain
    | e.StepOpened
    | e.PauseEnded
    | e.DecisionAsked
    | e.DecisionMade
    | e.WaitEnded
    | e.InviteEnded
)

_DECISION_S = 0.05
_ROUNDING_S = 1e-6


class SearchRules:
    """Follows the searches of all conversations."""

    def __init__(self, world: World, market: Market, deadlines: Deadlines, findings: Findings) -> None:
        """Take what all parts share."""
        self._world, self._market, self._deadlines, self._findings = world, market, deadlines, findings

    def follow(self, talk: Talk, event: SearchEvent, now: Happenings) -> None:
        """Judge the event, then let it have happened."""
        if isinstance(event, e.InvitePlaced):
            self._placed(talk, event, now)
            return
        search = talk.search
        number = event.invite
        if search is None or search.invite.number != number:
            promise = Promise.I6 if isinstance(event, e.InviteEnded) else Promise.I4
            fact = f"{type(event).__name__} of invite {number} of {talk.id}, which is not open"
            self._findings.say(promise, fact)
            return
        match event:
            case e.OfferMade(offer=offer):
                self._offered(talk, search, offer, now)
            case e.OfferEnded():
                self._offer_ended(talk, search, event, now)
            case e.InviteParkedAgain(priority=priority):
                self._parked_again(search, priority, now)
            case e.StepOpened(step=step):
                self.others_may_be_asked(talk)
                self._step_opened(search, step, now)
            case e.PauseEnded(agent=agent):
                self.others_may_be_asked(talk)
                self._pause_ended(search, agent, now)
            case e.DecisionAsked(decision=decision):
                is_short = decision.until <= now.at + _DECISION_S + _ROUNDING_S
                self._findings.expect(Promise.I11, is_short, f"the strategy asked for {search.name} has over 50 ms")
                search.decision, search.wait_until = decision.number, None
                self._deadlines.clear(("wait", talk.id, number))
                self._deadlines.set(("decision", talk.id, number), decision.until, now.at)
            case e.DecisionMade():
                self._decided(talk, search, event, now)
            case e.WaitEnded():
                early = search.wait_until is not None and now.at < search.wait_until
                self._findings.expect(Promise.I8, not early, f"the wait of {search.name} ended early")
                self.others_may_be_asked(talk)
            case e.InviteEnded():
                self._ended(talk, search, event, now)
            case _:
                assert_never(event)

    def others_may_be_asked(self, talk: Talk) -> None:
        """A strategy that waits must be asked again, if there is anybody to ask it about."""
        if talk.search is not None:
            talk.search.wait_until = None
            self._deadlines.clear(("wait", talk.id, talk.search.invite.number))

    # --- invites

    def _placed(self, talk: Talk, event: e.InvitePlaced, now: Happenings) -> None:
        invite = event.invite
        search = Search(talk.id, invite, invite.priority, invite.step)
        before = talk.search
        if before is not None:
            self._findings.say(Promise.I5, f"{search.name} was placed while {before.name} is open")
            self._drop(talk, before)
        expect = self._findings.expect
        expect(Promise.I6, talk.is_open, f"{search.name} was placed in a conversation that is CLOSED")
        expect(Promise.I6, invite.number == talk.invites + 1, f"{search.name} follows invite {talk.invites}")
        expect(Promise.I6, invite.expire_at >= now.at, f"{search.name} was placed after its own deadline")
        expect(Promise.I12, invite.placed_at == now.at, f"{search.name} says it was placed at another time")
        opened = 1 + sum(at <= now.at for at in invite.steps_at)
        expect(Promise.I8, invite.step == opened, f"{search.name} begins with {invite.step} steps open, not {opened}")
        talk.invites = invite.number
        talk.search = search
        talk.is_told_unattended = False
        if invite.note is not None:
            talk.secrets.append(invite.note)
        now.placed.append((talk.id, invite))
        if invite.target.queue is not None:
            self._wait(search, now)

    def _wait(self, search: Search, now: Happenings) -> None:
        """It waits in its queue: its own deadlines count."""
        name, invite = (search.conversation, search.invite.number), search.invite
        search.is_parked = True
        self._market.park(search)
        self._deadlines.set(("invite", *name), invite.expire_at, now.at)
        self._await_step(search, now)
        for agent, until in search.paused.items():
            self._deadlines.set(("pause", *name, agent), until, now.at)

    def _await_step(self, search: Search, now: Happenings) -> None:
        if search.step <= len(search.invite.steps_at):
            name = "step", search.conversation, search.invite.number
            self._deadlines.set(name, search.invite.steps_at[search.step - 1], now.at)

    def _parked_again(self, search: Search, priority: int, now: Happenings) -> None:
        expect = self._findings.expect
        expect(Promise.I4, not search.offers, f"{search.name} was parked while its offer is open")
        expect(Promise.I12, priority >= search.priority, f"{search.name} lost its priority by being offered")
        expect(Promise.I6, now.at < search.invite.expire_at, f"{search.name} was parked again after its ttl")
        search.priority = priority
        self._wait(search, now)

    def _step_opened(self, search: Search, step: int, now: Happenings) -> None:
        opening = search.invite.steps_at
        expect = self._findings.expect
        expect(Promise.I8, step == search.step + 1 <= len(opening) + 1, f"{search.name} opened step {step} out of turn")
        if 0 <= step - 2 < len(opening):
            expect(Promise.I8, now.at >= opening[step - 2], f"{search.name} opened step {step} before its time")
        search.step = step
        self._deadlines.clear(("step", search.conversation, search.invite.number))
        if search.is_parked and search.queue is not None:
            self._market.park(search)
            self._await_step(search, now)

    def _pause_ended(self, search: Search, agent: str, now: Happenings) -> None:
        until = search.paused.pop(agent, None)
        is_due = until is not None and now.at >= until
        self._findings.expect(Promise.I8, is_due, f"{agent} may be asked again for {search.name} before his pause ends")
        self._deadlines.clear(("pause", search.conversation, search.invite.number, agent))

    def _ended(self, talk: Talk, search: Search, event: e.InviteEnded, now: Happenings) -> None:
        expect = self._findings.expect
        expect(Promise.I6, not search.offers, f"{search.name} ended with an open offer")
        match event.state:
            case InviteState.ACCEPTED:
                winner = now.accepted.pop(talk.id, None)
                expect(Promise.I4, winner == event.agent, f"{search.name} is ACCEPTED by one who did not join by it")
            case InviteState.NO_AGENT if search.queue is not None:
                in_time = now.at >= search.invite.expire_at or talk.id in now.rejected
                expect(Promise.I8, in_time, f"{search.name} ended NO_AGENT before its ttl was over")
            case InviteState.DECLINED:
                expect(Promise.I6, search.queue is None, f"{search.name} is DECLINED, though others could be asked")
            case InviteState.PARKED | InviteState.OFFERED:
                expect(Promise.I6, None, f"{search.name} ended in {event.state}, which is no end")
            case _:
                pass
        self._drop(talk, search)

    def _drop(self, talk: Talk, search: Search) -> None:
        talk.search = None
        talk.is_told_unattended = False
        self._rest(search)
        self._market.unpark(talk.id)
        for number, offer in search.offers.items():
            self._deadlines.clear(("offer", talk.id, number))
            self._world.person(offer.agent).offered.pop(offer_id(talk.id, number), None)

    def _rest(self, search: Search) -> None:
        """None of its deadlines counts now: it is being offered, or over."""
        name = search.conversation, search.invite.number
        for kind in ("invite", "step", "decision", "wait"):
            self._deadlines.clear((kind, *name))
        for agent in search.paused:
            self._deadlines.clear(("pause", *name, agent))

    # --- decisions

    def _decided(self, talk: Talk, search: Search, event: e.DecisionMade, now: Happenings) -> None:
        expect, key = self._findings.expect, (talk.id, event.invite)
        # Number 0: asked in the turn itself, where nothing can be pending.
        asked = event.number == (search.decision or 0)
        expect(Promise.I13, asked, f"{search.name} has decision {event.number}, which nobody asked")
        expect(Promise.I4, search.is_parked, f"a strategy spoke for {search.name}, which does not wait")
        now.decided.add(talk.id)
        if search.decision is not None:
            now.answered.add(talk.id)
        if event.to == "all":
            now.ringing.add(talk.id)
        if event.rejected is not None:
            now.rejected.add(talk.id)
        line = self._world.lines.get(search.queue or "")
        if not event.fault and line is not None and line.settings.strategy == event.strategy:
            now.cursors[line.settings.id] = event.cursor
        search.decision, search.wait_until = None, event.wait_until
        self._deadlines.clear(("decision", *key))
        self._deadlines.clear(("wait", *key))
        if event.wait_until is not None:
            self._deadlines.set(("wait", *key), event.wait_until, now.at)

    # --- offers

    def _offered(self, talk: Talk, search: Search, offer: Offer, now: Happenings) -> None:
        expect = self._findings.expect
        invite, domain = search.invite, search.invite.media_domain
        person = self._world.person(offer.agent)
        what = f"{offer.agent} was offered {search.name}"
        is_alone = not search.offers or talk.id in now.ringing
        expect(Promise.I4, is_alone, f"{what} while another offer of it is open")
        expect(Promise.I4, offer.number == talk.offers + 1, f"{what} by offer {offer.number} after {talk.offers}")
        ends_at = max(invite.expire_at, self._world.excused_until)
        expect(Promise.I6, now.at <= ends_at + GRACE_S, f"{what} after its ttl")
        due = offer.made_at + invite.offer_timeout_s
        is_timed = offer.made_at == now.at and abs(offer.expire_at - due) < _ROUNDING_S
        expect(Promise.I8, is_timed, f"{what} for another time than its offer_timeout")
        if invite.target.agent is not None:
            expect(Promise.I4, invite.target.agent == offer.agent, f"{what}, which is for {invite.target.agent} alone")
            why = person.why_not(domain) or ("is in the conversation" if offer.agent in talk.present else "")
            why = why or ("placed it" if offer.agent == invite.requester else "")
        else:
            why = self._market.why_no_candidate(person, talk, search)
            earlier = self._market.overtaken(person, talk, search)
            fact = f"{what} while that of {earlier and earlier[-1]} came first and was open to him"
            expect(Promise.I12, earlier is None, fact)
            first = None if talk.id in now.answered else self._market.better(person, talk, search)
            expect(Promise.I12, first is None, f"{what}, though {first} comes before him")
        expect(Promise.I4, not why, f"{what}, but {why}")
        self._rest(search)
        self._market.unpark(talk.id)
        talk.offers = offer.number
        search.tried[offer.agent] = search.tried.get(offer.agent, 0) + 1
        search.offers[offer.number] = offer
        search.is_parked, search.decision, search.wait_until = False, None, None
        person.offered[offer_id(talk.id, offer.number)] = domain
        now.people.add(offer.agent)
        now.grew.add((offer.agent, domain))
        self._deadlines.set(("offer", talk.id, offer.number), offer.expire_at, now.at)

    def _offer_ended(self, talk: Talk, search: Search, event: e.OfferEnded, now: Happenings) -> None:
        offer, expect = search.offers.pop(event.number, None), self._findings.expect
        name = f"offer {offer_id(talk.id, event.number)}"
        if offer is None:
            self._findings.say(Promise.I4, f"{name} ended {event.outcome}, but is not open")
            return
        expect(Promise.I4, offer.agent == event.agent, f"{name} is {offer.agent}'s and was ended for {event.agent}")
        self._judge_time(name, search, offer, event, now)
        self._deadlines.clear(("offer", talk.id, offer.number))
        if event.paused_until is not None:
            search.paused[event.agent] = event.paused_until
        now.people.add(offer.agent)
        if event.outcome is OfferOutcome.ACCEPTED:
            now.won[talk.id] = offer  # It keeps its seat until he joins, which must be in this record.
        else:
            self._world.person(offer.agent).offered.pop(offer_id(talk.id, offer.number), None)

    def _judge_time(self, name: str, search: Search, offer: Offer, event: e.OfferEnded, now: Happenings) -> None:
        booted_at, due = self._world.booted_at, offer.expire_at
        if event.reason is RevokeReason.ENGINE_DOWN:
            fell_due = due <= min(now.at, booted_at + GRACE_S)
            self._findings.expect(Promise.I8, fell_due, f"{name} was revoked as due, which it was not")
            search.tried[offer.agent] -= 1  # It counts against nobody (R-O9).
        elif event.outcome is OfferOutcome.MISSED and event.reason is RevokeReason.NONE:
            self._findings.expect(Promise.I8, now.at >= due, f"{name} was MISSED {due - now.at:.3f} s early")
            was_down = offer.made_at < booted_at and due < booted_at
            self._findings.expect(Promise.I8, not was_down, f"{name} fell due while the engine was down, and counts")
