"""Who is told what, word by word: the three sides of every invite's placing and end, of leaving and closing."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.e2e.conformance.centre import Centre, Customer, Desk
from tests.e2e.conformance.outside import word

_CLOSED: Final = "Conversation is closed due to CHAT TRANSFERRED"
_LEFT: Final = "Ann left the conversation"
_CUSTOMER: Final = {
    "queue": ["Your request is being transferred to Billing, please wait!", "Ann has left"],
    "agent": ["Your request is being transferred to Eve, please wait!", "Ann has left"],
}
_KIND: Final = {"queue": "Queue", "agent": "Agent"}


def _transfer(target: str, end: str) -> dict[str, list[str]]:
    """What each side reads of a transfer by Ann, who had Bob beside her."""
    placed = f"{_KIND[target]} transfer request has been placed by Ann"
    ends = {
        "NO_AGENT": [f"No agent is available for {_KIND[target]} Transfer"],
        "CANCELLED": ["Transfer request has been cancelled"],
        "DECLINED": ["Eve declined the request"],
        "ACCEPTED": ["Eve has joined the conversation"],
    }[end]
    joined = ends if end == "ACCEPTED" else []
    return {"customer": [*_CUSTOMER[target], *joined], "ann": [_CLOSED], "bob": [placed, _LEFT, *ends]}


def _conference(target: str, end: str) -> dict[str, list[str]]:
    """What each side reads of a conference by Ann, who had Bob beside her."""
    placed = f"{_KIND[target]} conference request has been placed by Ann"
    ends = {
        "NO_AGENT": ["No agents were available to join the conference conversation"],
        "CANCELLED": ["Conference request has been cancelled"],
        "DECLINED": ["Eve declined the request"],
        "ACCEPTED": ["Eve has joined the conversation"],
    }[end]
    joined = ends if end == "ACCEPTED" else []
    mine = "Conference request has been successfully placed"
    return {"customer": joined, "ann": [mine, *ends], "bob": [placed, *ends]}


def _notices(centre: Centre, customer: Customer, desk: Desk) -> list[str]:
    entries = centre.timeline(customer, caller=desk.caller)
    return [entry.notice.text for entry in entries if entry.WhichOneof("entry") == "notice"]


def _ending(centre: Centre, invite: Any, eve: Desk, end: str) -> None:  # noqa: ANN401 - a dynamic message
    match end:
        case "ACCEPTED":
            eve.accept()
        case "DECLINED":
            eve.caller("AgentService.DeclineOffer", name=eve.offer().name)
        case "CANCELLED":
            centre.admin("ConversationService.CancelInvite", name=invite.name)
    assert word(centre.ended(invite), "state") == end


_CASES: Final = [
    ("queue", "ACCEPTED"),
    ("queue", "NO_AGENT"),
    ("queue", "CANCELLED"),
    ("agent", "ACCEPTED"),
    ("agent", "NO_AGENT"),
    ("agent", "CANCELLED"),
    ("agent", "DECLINED"),
]


@pytest.mark.spec("R-T2", "R-T9", "R-C1", "R-C6", "R-C7", "A-15", "F-17", "F-21")
@pytest.mark.parametrize(("method", "expected"), [("Transfer", _transfer), ("Conference", _conference)])
@pytest.mark.parametrize(("target", "end"), _CASES)
def test_every_side_reads_its_texts_and_no_other(
    hurried: Centre, method: str, expected: Callable[[str, str], dict[str, list[str]]], target: str, end: str
) -> None:
    queue = hurried.queue(ttl="0.5s", offer_timeout="0.4s")
    ann, bob = hurried.desk("ann"), hurried.desk("bob")
    eve = hurried.desk("eve", *(["billing"] if end == "ACCEPTED" else []))
    cleo = hurried.customer(ann, bob)
    was = {
        "customer": len(cleo.sees()),
        "ann": len(_notices(hurried, cleo, ann)),
        "bob": len(_notices(hurried, cleo, bob)),
    }
    aim = {"queue": queue} if target == "queue" else {"agent": eve.name}
    invite = hurried.invite(method, cleo, ann, **aim)
    _ending(hurried, invite, eve, end)
    told = {
        "customer": cleo.sees()[was["customer"] :],
        "ann": _notices(hurried, cleo, ann)[was["ann"] :],
        "bob": _notices(hurried, cleo, bob)[was["bob"] :],
    }
    wanted = expected(target, end)
    assert told["customer"] == wanted["customer"]
    assert told["ann"] == wanted["ann"]
    assert sorted(told["bob"]) == sorted(wanted["bob"])
    assert told["bob"][-1] == wanted["bob"][-1]


@pytest.mark.spec("R-T8", "R-R1", "INV-6")
@pytest.mark.parametrize(("target", "end"), [case for case in _CASES if case[1] != "ACCEPTED"])
def test_the_lonely_transfer_that_fails_tells_the_customer_once(hurried: Centre, target: str, end: str) -> None:
    queue = hurried.queue(ttl="0.5s", offer_timeout="0.4s")
    ann, eve = hurried.desk("ann"), hurried.desk("eve")
    cleo = hurried.customer(ann)
    aim = {"queue": queue} if target == "queue" else {"agent": eve.name}
    invite = hurried.invite("Transfer", cleo, ann, **aim)
    _ending(hurried, invite, eve, end)
    assert cleo.sees()[2:] == [*_CUSTOMER[target], "No agents were available"]
    assert _transfer(target, end)["bob"][-1] in hurried.texts(cleo)
    assert hurried.state(cleo) == "UNATTENDED"


@pytest.mark.spec("R-G5", "R-C4")
def test_the_heading_of_an_offer_says_what_it_is_and_from_whom(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    for method, kind in (("Conference", "conference"), ("Transfer", "transfer")):
        cleo = centre.customer(ann)
        centre.invite(method, cleo, ann, agent=bob.name)
        offer = bob.offer()
        assert offer.heading == f"Chat {kind} request from Ann with customer Cleo"
        bob.accept(offer)


@pytest.mark.spec("R-L1", "R-L3")
def test_a_supervisor_s_close_tells_the_customer_and_an_agent_who_left_is_told_no_more(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, bob)
    ann.caller("ConversationService.Leave", name=cleo.conversation)
    supervisor = centre.caller("SUPERVISOR", "supervisors/sue")
    closed = supervisor("ConversationService.CloseConversation", name=cleo.conversation, reason="late")
    assert word(closed, "state") == "CLOSED"
    assert cleo.sees()[-2:] == [_LEFT, "The conversation has been closed"]
    assert _LEFT in _notices(centre, cleo, bob)
    assert "The conversation has been closed" not in _notices(centre, cleo, ann)
