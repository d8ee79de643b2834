"""Whatever is asked, in whatever order: the invariants of domain section 5 hold after every record.

Each turn's events are folded again and compared with the state its decider returned; `given.py` does that.
"""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.conversation.state import deadlines, state_of
from hookflash.engine.domain.limits import Limits, UnattendedPolicy
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.timeline import timeline_event, transcript_event
from hookflash.engine.domain.values import CHAT, CloseCause
from hookflash.sdk.types import (
    AgentId,
    ConversationId,
    ConversationState,
    InviteState,
    MediaDomainId,
    OfferOutcome,
    QueueId,
)

from .given import ANN, BILLING, BOB, CAT, Centre, centre, conference, route, transfer

Step = Callable[[Centre, str], list[e.Event]]

SECRET = "not for Carl"  # noqa: S105  what a note and a whisper say
AGENTS = st.sampled_from((ANN, BOB, CAT))
SOMEBODY = st.one_of(st.none(), AGENTS)
TALKS = ("v1", "v2")


def _told(command: c.ConversationCommand) -> Step:
    return lambda site, talk: site.tell(command, talk)


def _asked(agent: AgentId, command: c.AgentCommand) -> Step:
    return lambda site, _: site.tell_agent(agent, command)


def _of_invite(make: Callable[[int], c.ConversationCommand]) -> Step:
    return lambda site, talk: site.tell(make(site.talk(talk).invites), talk)


def _of_offer(make: Callable[[int], c.ConversationCommand]) -> Step:
    return lambda site, talk: site.tell(make(site.last_offer(talk)), talk)


def _later(seconds: float) -> Step:
    def wait(site: Centre, _: str) -> list[e.Event]:
        site.now += seconds
        return []

    return wait


def _served(agent: AgentId) -> Step:
    """The open invite is offered to the agent, unless it is to somebody already, and accepted: the way deeper in."""

    def serve(site: Centre, talk: str) -> list[e.Event]:
        invite = site.talk(talk).open_invite
        if invite is None:
            return []
        made = [] if invite.offer is not None else site.offer(agent, talk)
        return [*made, *site.accept(talk)]

    return serve


def _timers(site: Centre, talk: str) -> list[e.Event]:
    """Everything of that conversation that is due."""
    happened = []
    for timer, at in deadlines(site.talk(talk)).items():
        if at <= site.now:
            happened += site.tell(timer, talk)
    return happened


_CHANGES: st.SearchStrategy[Step] = st.one_of(
    st.sampled_from(
        [
            lambda site, talk: site.opened(talk, address=talk),
            _told(c.ReceiveMessage(text="hello")),
            _told(c.EndSession()),
            _told(c.Close(agent=None, cause=CloseCause.SERVICE)),
            _of_invite(lambda number: c.CancelInvite(number=number)),
            _of_offer(lambda number: c.AcceptOffer(number=number)),
            _of_offer(lambda number: c.DeclineOffer(number=number)),
            _of_offer(lambda number: c.EndOffer(number=number)),
            _later(20.0),
            _later(100.0),
            _timers,
        ]
    ),
    st.builds(lambda by, to: _told(transfer(by, agent=to, note=SECRET)), AGENTS, SOMEBODY),
    st.builds(lambda by, to: _told(conference(by, agent=to, note=SECRET)), AGENTS, SOMEBODY),
    st.builds(lambda to: _told(route(agent=to)), SOMEBODY),
    st.builds(_served, AGENTS),
    st.builds(_served, AGENTS),
    st.builds(lambda who: _of_invite(lambda number: c.MakeOffer(number=number, agent=who, agent_name=who)), AGENTS),
    st.builds(lambda who: _told(c.Leave(agent=who)), AGENTS),
    st.builds(lambda who: _told(c.SendMessage(agent=who, text="hi")), AGENTS),
    st.builds(lambda who: _told(c.SendWhisper(agent=who, text=SECRET)), AGENTS),
    st.builds(lambda who, ready: _asked(who, c.SetReadiness(is_ready=ready)), AGENTS, st.booleans()),
    st.builds(
        _asked,
        AGENTS,
        st.sampled_from([c.Logout(), c.Detach(stream=None), c.Attach(stream="desk"), c.EndGrace()]),
    ),
)


@pytest.mark.spec("INV-1", "INV-2", "INV-3", "INV-4", "INV-5", "R-G9", "R-G11", "R-W3", "A-29", "F-13", "F-24", "F-26")
@given(
    steps=st.lists(st.tuples(st.sampled_from(TALKS), _CHANGES), min_size=10, max_size=60),
    policy=st.sampled_from(UnattendedPolicy),
    is_routed=st.booleans(),
)
def test_the_invariants_hold_after_every_record(
    steps: list[tuple[str, Step]], policy: UnattendedPolicy, *, is_routed: bool
) -> None:
    limits = Limits(capacity={"chat": 2}, misses_max=3, on_unattended=policy, on_unattended_queue=BILLING)
    site = centre(limits, queue=is_routed)
    happened = [event for talk in TALKS for event in site.opened(talk, address=talk)]
    for talk, change in steps:
        try:
            happened += change(site, talk)
        except Refusal:
            continue
        _check(site)
    assert not [event for event in happened if transcript_event(event) and SECRET in repr(event)]


def _check(site: Centre) -> None:
    parked: Counter[QueueId] = Counter()
    for talk in site.conversations().values():
        invite, state = talk.open_invite, state_of(talk)
        if state is ConversationState.CLOSED:
            assert (talk.participants, invite, talk.open_session, deadlines(talk)) == ((), None, None, {})
        if state in (ConversationState.QUEUED, ConversationState.ACTIVE):
            assert talk.primaries or (invite is not None and deadlines(talk))
        if state is ConversationState.UNATTENDED:
            assert talk.unattended_asked
        if invite is not None and invite.state is InviteState.PARKED and invite.target.queue is not None:
            parked[invite.target.queue] += 1
        assert len(talk.invites_ended) + (invite is not None) == talk.invites
        open_offers = [n for n, past in enumerate(talk.offers, start=1) if past.outcome is OfferOutcome.OPEN]
        assert open_offers == ([] if invite is None else [offer.number for offer in invite.offers])
        assert len({p.agent for p in talk.participants}) == len(talk.participants)
    assert {queue: known.waiting for queue, known in site.queues().items()} == {BILLING: parked[BILLING]}
    _check_slots(site)


def _check_slots(site: Centre) -> None:
    """A slot is held exactly while its agent is in the conversation, and reserved exactly while an offer is open."""
    held: dict[AgentId, dict[ConversationId, MediaDomainId]] = {agent: {} for agent in site.agents()}
    reserved: dict[AgentId, list[ConversationId]] = {agent: [] for agent in site.agents()}
    for talk in site.conversations().values():
        for participant in talk.participants:
            held[participant.agent][talk.id] = CHAT
        for offer in () if talk.open_invite is None else talk.open_invite.offers:
            reserved[offer.agent].append(talk.id)
    for agent, state in site.agents().items():
        assert dict(state.slots) == held[agent]
        assert [each.conversation for each in state.reservations] == reserved[agent]
        assert len(state.slots) + len(state.reservations) <= state.capacity[CHAT]
        assert len(state.reservations) <= 1


@pytest.mark.spec("R-G9", "R-G11")
@given(steps=st.lists(_CHANGES, min_size=10, max_size=60))
def test_every_counter_is_gapless_from_the_first_entry_on(steps: list[Step]) -> None:
    site = centre(Limits(capacity={"chat": 2}), queue=True)
    happened = site.opened("v1", address="v1")
    for change in steps:
        try:
            happened += change(site, "v1")
        except Refusal:
            continue
    entries = [kept for event in happened if (kept := timeline_event(event)) is not None]
    notices = [event for event in happened if isinstance(event, e.CustomerNoticed)]
    shown = [entry for event in happened if (entry := transcript_event(event)) is not None]
    talk = site.talk("v1")
    assert sorted(entry.sequence or 0 for entry in [*entries, *notices]) == list(range(1, talk.sequence + 1))
    assert [entry.transcript for entry in shown] == list(range(1, talk.transcript + 1))
    assert [entry.delivery for entry in shown if entry.delivery] == list(range(1, talk.deliveries + 1))
    assert [event.number for event in happened if isinstance(event, e.MessageSent)] == [*range(1, talk.messages + 1)]
    assert [event.number for event in happened if isinstance(event, e.WhisperSent)] == [*range(1, talk.whispers + 1)]
