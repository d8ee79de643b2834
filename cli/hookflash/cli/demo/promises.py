"""What the seed promises, word by word, and whether it was seen: the demo's own check of itself.

The seed's texts stand here alone. Nothing here is shown as coming from the engine: it is compared with what came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hookflash.cli.demo.heard import Heard, Kind
from hookflash.sdk.client import messages as m

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["NOTICES", "Check", "Evidence", "checked"]

_SELF: Final = "You have joined the conversation"
_CLOSED: Final = "Conversation is closed due to CHAT TRANSFERRED"
_PLACED: Final = "Transfer request placed successfully"
_CONFERENCE_TOAST: Final = "a conference request has been placed successfully."
_CONFERENCE: Final = "Conference request has been successfully placed"

NOTICES: Final[Mapping[str, tuple[tuple[str, Kind, str], ...]]] = {
    "Ann": (
        ("before the story", Kind.NOTICE, _SELF),
        ("transfer 4", Kind.NOTICE, _CLOSED),
        ("transfer 4", Kind.TOAST, _PLACED),
    ),
    "Bob": (),
    "Cleo": (
        ("receiving 3", Kind.NOTICE, _SELF),
        ("conference 7", Kind.TOAST, _CONFERENCE_TOAST),
        ("conference 8", Kind.NOTICE, _CONFERENCE),
        ("conference 10.1", Kind.NOTICE, "Dan has joined the conversation"),
    ),
    "Dan": (
        ("conference 10", Kind.NOTICE, _SELF),
        ("conference 11.1", Kind.NOTICE, "Cleo left the conversation"),
        ("conference 7", Kind.TOAST, _CONFERENCE_TOAST),
        ("conference 8", Kind.NOTICE, _CONFERENCE),
        ("conference 12.2", Kind.NOTICE, "No agents were available to join the conference conversation"),
        ("transfer 4", Kind.NOTICE, _CLOSED),
        ("transfer 4", Kind.TOAST, _PLACED),
    ),
    "Customer": (
        ("before the story", Kind.NOTICE, "Ann has joined the conversation"),
        ("transfer 6", Kind.NOTICE, "Your request is being transferred to Billing, please wait!"),
        ("transfer 6", Kind.NOTICE, "Ann has left"),
        ("receiving 3", Kind.NOTICE, "Cleo has joined the conversation"),
        ("conference 10.2", Kind.NOTICE, "Dan has joined the conversation"),
        ("conference 11.1", Kind.NOTICE, "Cleo left the conversation"),
        ("transfer 6", Kind.NOTICE, "Your request is being transferred to Night Shift, please wait!"),
        ("transfer 6", Kind.NOTICE, "Dan has left"),
        ("transfer 8.2", Kind.NOTICE, "No agents were available"),
    ),
}
"""For each of them the notices of the whole story, in their order: nothing more and nothing twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One promise: where the seed makes it, who should see it, what it says, and whether it was kept."""

    step: str
    who: str
    promise: str
    is_kept: bool


@dataclass(slots=True)
class Evidence:
    """What was seen, as the clients received it, and what had been asked for.

    Attributes:
        heard: each actor's log, by label.
        listed: the queues as Ann was shown them; `ready_others`: how many agents but her were ready in each then.
        transfer, conference: the invites as placed; the notes given with them are theirs.
        offers: each agent's offers in their order, by label; `offer_again`: Dan's after the server had died.
        missed: the outcome of Bob's offer.
        said: what customer and agents had said before Dan joined; `read`: what Dan read on joining.
        whispers: what was whispered; `whispers_seen`: by label, what of it is on an agent's timeline.
        customer_side: everything of the customer's side, serialised.
        after_leaving: the conversation after its first agent left.
        unserved: the invite for which nobody came; `at_the_end`: its conversation.
        settled_again: Deliveries that came again after they had been settled.
    """

    heard: dict[str, Sequence[Heard]] = field(default_factory=dict)
    listed: dict[str, int] = field(default_factory=dict)
    ready_others: dict[str, int] = field(default_factory=dict)
    customer_name: str = ""
    transfer: m.Invite = field(default_factory=m.Invite)
    transfer_note: str = ""
    conference: m.Invite = field(default_factory=m.Invite)
    conference_note: str = ""
    offers: dict[str, list[m.Offer]] = field(default_factory=dict)
    offer_again: m.Offer = field(default_factory=m.Offer)
    missed: str = ""
    said: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    whispers: list[str] = field(default_factory=list)
    whispers_seen: dict[str, list[str]] = field(default_factory=dict)
    customer_side: list[Message] = field(default_factory=list)
    after_leaving: m.Conversation = field(default_factory=m.Conversation)
    unserved: m.Invite = field(default_factory=m.Invite)
    at_the_end: m.Conversation = field(default_factory=m.Conversation)
    settled_again: int = 0


def checked(evidence: Evidence) -> list[Check]:
    """Compare what was seen with what is promised: one line for each promise, in the order of the story."""
    texts = {label: list(_text_checks(label, evidence.heard.get(label, ()))) for label in NOTICES}
    return [
        *_transfer_facts(evidence),
        *(each for checks in texts.values() for each in checks),
        *_conference_facts(evidence),
        *_whisper_facts(evidence),
        *_engine_facts(evidence),
    ]


def _text_checks(label: str, heard: Iterable[Heard]) -> Iterator[Check]:
    notices = _notices(heard)
    for step, kind, text in NOTICES[label]:
        is_kept = (kind, text) in notices
        if is_kept:
            # What came before the one that was found was not promised in this place.
            del notices[: notices.index((kind, text)) + 1]
        yield Check(step=step, who=label, promise=f"{kind.value}: {text}", is_kept=is_kept)


def _notices(heard: Iterable[Heard]) -> list[tuple[Kind, str]]:
    return [(each.kind, each.text) for each in heard if each.kind in (Kind.NOTICE, Kind.TOAST)]


def _transfer_facts(evidence: Evidence) -> Iterator[Check]:
    counts = ", ".join(f"{name} {count}" for name, count in evidence.listed.items())
    yield Check(
        step="transfer 1",
        who="Ann",
        promise=f"every queue with its number of available agents ({counts})",
        is_kept=bool(evidence.listed) and evidence.listed == evidence.ready_others,
    )
    first = [evidence.offers.get(label, [m.Offer()])[0] for label in ("Bob", "Cleo")]
    yield Check(
        step="transfer 3",
        who="Bob, Cleo",
        promise="the note reaches each agent who is asked",
        is_kept=all(offer.note == evidence.transfer_note != "" for offer in first),
    )
    yield Check(
        step="transfer 5",
        who="Ann",
        promise="the chat is parked in the queue on priority",
        is_kept=evidence.transfer.target.queue == "queues/billing" and evidence.transfer.priority > 1,
    )
    yield Check(
        step="transfer 7",
        who="Bob, Cleo",
        promise="not accepted by one agent, the request goes on to another",
        is_kept=evidence.missed == "MISSED" and first[0].invite == first[1].invite != "",
    )
    yield Check(
        step="receiving 1",
        who="Cleo",
        promise="the offer shows channel, name of the customer and who transfers",
        is_kept=first[1].channel_kind == "web"
        and (first[1].customer_name, first[1].customer_identified) == (evidence.customer_name, True)
        and (first[1].kind, first[1].requester_display_name) == (m.InviteKind.INVITE_KIND_TRANSFER, "Ann"),
    )


def _conference_facts(evidence: Evidence) -> Iterator[Check]:
    offer = evidence.offers.get("Dan", [m.Offer()])[0]
    yield Check(
        step="conference 9",
        who="Dan",
        promise="the offer says conference, from whom, which customer, and has the note",
        is_kept=(offer.kind, offer.requester_display_name) == (m.InviteKind.INVITE_KIND_CONFERENCE, "Cleo")
        and (offer.customer_name, offer.note) == (evidence.customer_name, evidence.conference_note),
    )
    yield Check(
        step="conference 10.4",
        who="Dan",
        promise="sees all the message exchange in the conversation",
        is_kept=bool(evidence.said) and evidence.read == evidence.said,
    )
    agents = [each.display_name for each in evidence.after_leaving.participants if each.agent]
    is_active = evidence.after_leaving.state == m.ConversationState.CONVERSATION_STATE_ACTIVE
    yield Check(
        step="conference",
        who="Dan",
        promise="the first agent leaves, the conversation goes on",
        is_kept=is_active and agents == ["Dan"],
    )
    yield Check(
        step="transfer 8.1",
        who="everybody",
        promise="no agent is found: the request is timed out",
        is_kept=evidence.unserved.state == m.InviteState.INVITE_STATE_NO_AGENT
        and evidence.at_the_end.state == m.ConversationState.CONVERSATION_STATE_UNATTENDED,
    )


def _whisper_facts(evidence: Evidence) -> Iterator[Check]:
    for label in ("Cleo", "Dan"):
        live = [each.text for each in evidence.heard.get(label, ()) if each.kind is Kind.WHISPER]
        yield Check(
            step="whisper",
            who=label,
            promise="agents in the conversation see every whisper, also in its history",
            is_kept=bool(evidence.whispers) and live == evidence.whispers_seen.get(label) == evidence.whispers,
        )
    customer_side = b"".join(each.SerializeToString() for each in evidence.customer_side)
    secrets = [*evidence.whispers, evidence.transfer_note, evidence.conference_note]
    yield Check(
        step="whisper",
        who="Customer",
        promise="nothing of a whisper or a note, in any Delivery or in the transcript",
        is_kept=bool(customer_side) and not any(text.encode() in customer_side for text in secrets),
    )


def _engine_facts(evidence: Evidence) -> Iterator[Check]:
    before, after = evidence.offers.get("Dan", [m.Offer()])[0], evidence.offer_again
    yield Check(
        step="server killed",
        who="Dan",
        promise="the same offer is open again, with the same deadline",
        is_kept=(before.name, before.expire_time) == (after.name, after.expire_time) and before.name != "",
    )
    all_once = all(
        _notices(evidence.heard.get(label, ())) == [(kind, text) for _, kind, text in promised]
        for label, promised in NOTICES.items()
    )
    yield Check(
        step="server killed",
        who="everybody",
        promise="every notice exactly once and in order, before and after",
        is_kept=all_once and evidence.settled_again == 0,
    )
