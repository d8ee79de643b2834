"""Who is in a conversation, what is said in it and what goes out: joined by right, left once, numbered without gaps.

The rules of I3, I4, I7 and I9 that one event shows by itself; what a record must hold together is in `rests`.
"""

from collections.abc import Callable
from typing import assert_never

from hookflash.engine.domain import events as e
from hookflash.engine.domain.values import offer_id
from hookflash.sdk.types import ParticipantRole

from .findings import Findings
from .happenings import Happenings
from .searches import SearchEvent, SearchRules
from .violation import Promise
from .whispers import notice_leak
from .world import Talk, World

__all__ = ["ConversationRules"]


class ConversationRules:
    """Follows all conversations."""

    def __init__(self, world: World, searches: SearchRules, findings: Findings) -> None:
        """Take what all parts share, and who follows the searches."""
        self._world, self._searches, self._findings = world, searches, findings
        self._expect: Callable[[Promise, object, str], None] = findings.expect

    def follow(self, conversation: str, event: e.ConversationEvent, now: Happenings) -> None:
        """Judge the event, then let it have happened."""
        if isinstance(event, e.ConversationOpened):
            self._opened(conversation, event, now)
            return
        talk = self._world.talks.get(conversation)
        if talk is None:
            self._findings.say(Promise.I13, f"{type(event).__name__} in {conversation}, which nobody opened")
            return
        now.talks.add(conversation)
        self._numbered(talk, event)
        match event:
            case e.MessageSent():
                self._said(talk, event, now)
            case e.WhisperSent(agent=agent, text=text):
                self._expect(Promise.I14, agent in talk.present, f"{agent} whispered in {talk.id} from outside")
                talk.secrets.append(text)
                now.whispered.add(talk.id)
            case e.CustomerNoticed(text=text, key=key):
                self._expect(Promise.I3, talk.has_session, f"a notice to {talk.id}, whose customer has left")
                leak = notice_leak(key, text, talk.secrets)
                self._expect(Promise.I7, not leak, f"a notice to the customer of {talk.id} has a whisper or note in it")
                now.told.add(talk.id)
            case e.ParticipantJoined():
                self._joined(talk, event, now)
            case e.ParticipantLeft(agent=agent):
                was_there = talk.present.pop(agent, None) is not None
                self._expect(Promise.I9, was_there, f"{agent} left {talk.id}, in which he was not")
                self._world.person(agent).present.pop(talk.id, None)
                now.left.add((talk.id, agent))
                now.people.add(agent)
            case e.DeliverySettled() | e.DeliveryReceived():
                self._delivered(talk, event)
            case e.ChannelSessionOpened():
                self._expect(Promise.I4, talk.is_open, f"{talk.id} has a ChannelSession again after its end")
                talk.has_session = True
            case e.ChannelSessionClosed():
                talk.has_session = False
            case e.UnattendedDecided():
                pass
            case e.ConversationUnattended():
                talk.is_told_unattended = True
            case e.ConversationClosed():
                self._closed(talk)
            case e.StaffNoticed():
                pass
            case _:
                self._sought(talk, event, now)

    def _sought(self, talk: Talk, event: SearchEvent, now: Happenings) -> None:
        self._searches.follow(talk, event, now)

    def _opened(self, conversation: str, event: e.ConversationOpened, now: Happenings) -> None:
        tenant = now.record.tenant
        where = tenant, str(event.channel), event.address
        other = self._world.open_at.setdefault(where, conversation)
        self._expect(Promise.I4, other == conversation, f"{conversation} opened while {other} is, for one customer")
        is_new = conversation not in self._world.talks
        self._expect(Promise.I4, is_new, f"{conversation} was opened twice")
        self._world.talks[conversation] = Talk(conversation, event.channel, event.address, tenant)
        now.talks.add(conversation)

    def _numbered(self, talk: Talk, event: e.ConversationEvent) -> None:
        """Three counters, each by one at a time: order for agents, for the customer, for the channel."""
        sequence: int | None = getattr(event, "sequence", None)
        if sequence is not None:
            fact = f"the timeline of {talk.id} goes from {talk.sequence} to {sequence}"
            self._expect(Promise.I3, sequence == talk.sequence + 1, fact)
            talk.sequence = sequence
        if not isinstance(event, e.MessageSent | e.CustomerNoticed):
            return
        fact = f"the transcript of {talk.id} goes from {talk.transcript} to {event.transcript}"
        self._expect(Promise.I7, event.transcript == talk.transcript + 1, fact)
        talk.transcript = event.transcript
        if event.delivery is not None:
            fact = f"the deliveries of {talk.id} go from {talk.delivery} to {event.delivery}"
            self._expect(Promise.I3, event.delivery == talk.delivery + 1, fact)
            talk.delivery = event.delivery

    def _said(self, talk: Talk, event: e.MessageSent, now: Happenings) -> None:
        talk.said.append(event.text)
        if event.agent is None:
            is_silent = event.delivery is None
            self._expect(Promise.I3, is_silent, f"the customer of {talk.id} is sent his own words")
            return
        is_primary = talk.present.get(event.agent) is ParticipantRole.PRIMARY
        self._expect(Promise.I14, is_primary, f"{event.agent} wrote to the customer of {talk.id} without being PRIMARY")
        self._expect(Promise.I3, event.delivery is not None, f"{event.agent}'s message in {talk.id} goes nowhere")
        now.told.add(talk.id)

    def _joined(self, talk: Talk, event: e.ParticipantJoined, now: Happenings) -> None:
        agent = event.agent
        offer = now.won.pop(talk.id, None)
        by = offer_id(talk.id, event.offer)
        won = offer is not None and offer.agent == agent and offer.number == event.offer
        search = talk.search
        sought = search is not None and not search.offers
        self._expect(Promise.I4, won and sought, f"{agent} joined {talk.id} without winning offer {by}")
        self._expect(Promise.I9, agent not in talk.present, f"{agent} joined {talk.id}, in which he is")
        self._expect(Promise.I9, talk.is_open, f"{agent} joined {talk.id}, which is CLOSED")
        domain_is = search is None or search.invite.media_domain == event.media_domain
        self._expect(Promise.I9, domain_is, f"{agent} joined {talk.id} in another media domain than that of the invite")
        talk.present[agent] = event.role
        talk.is_told_unattended = False
        person = self._world.person(agent)
        person.offered.pop(by, None)
        person.present[talk.id] = event.media_domain
        now.accepted[talk.id] = agent
        now.people.add(agent)
        if not won:
            now.grew.add((agent, event.media_domain))  # By a won offer it does not grow: the offer's slot is his now.

    def _delivered(self, talk: Talk, event: e.DeliverySettled | e.DeliveryReceived) -> None:
        number = event.delivery
        is_known = 1 <= number <= talk.delivery
        self._expect(Promise.I3, is_known, f"delivery {number} of {talk.id} was reported on and never made")
        match event:
            case e.DeliverySettled(error=error):
                self._expect(Promise.I3, number not in talk.settled, f"delivery {number} of {talk.id} is settled twice")
                talk.settled.add(number)
                if error:
                    talk.failed.add(number)
            case e.DeliveryReceived(state=state):
                if state == "FAILED":
                    talk.failed.add(number)
            case _:
                assert_never(event)

    def _closed(self, talk: Talk) -> None:
        self._expect(Promise.I6, talk.is_open, f"{talk.id} was closed twice")
        self._expect(Promise.I6, talk.search is None, f"{talk.id} was closed with an open invite")
        inside = ", ".join(talk.present)
        self._expect(Promise.I9, not talk.present, f"{talk.id} was closed with {inside} in it")
        talk.is_open = talk.has_session = False
        self._world.open_at.pop((talk.tenant, talk.channel, talk.address), None)
