"""Lists, pages, filters, repeats at once, limits: the rules that hold for many methods."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.conformance.centre import Centre
from tests.e2e.conformance.outside import Refused, word


@pytest.mark.spec("R-G6")
def test_conversations_are_listed_newest_first_in_pages_that_a_filter_narrows(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    made = [centre.customer(ann).conversation for _ in range(3)]
    lost = centre.customer(bob)
    mine = f"agent = {ann.name}"
    listed, token = [], ""
    while True:
        page = centre.admin("ConversationService.ListConversations", filter=mine, page_size=2, page_token=token)
        listed += [one.name for one in page.conversations]
        token = page.next_page_token
        if not token:
            break
    assert listed == made[::-1]
    lost.leaves()
    bob.caller("ConversationService.Leave", name=lost.conversation)
    closed = centre.admin("ConversationService.ListConversations", filter="state = CLOSED", page_size=500).conversations
    assert lost.conversation in [one.name for one in closed]
    assert not {one.name for one in closed} & set(made)
    both = centre.admin("ConversationService.ListConversations", filter=f"state = ACTIVE AND {mine}").conversations
    assert [one.name for one in both] == made[::-1]
    for bad in ("state = ASLEEP", "state", "state = ACTIVE OR agent = x"):
        with pytest.raises(Refused, match="INVALID_ARGUMENT/BAD_FIELD"):
            centre.admin("ConversationService.ListConversations", filter=bad)


@pytest.mark.spec("R-G6", "R-R1")
def test_an_agent_reads_earlier_closed_conversations_of_the_same_customer(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, says="earlier words")
    earlier = cleo.conversation
    ann.caller("ConversationService.CloseConversation", name=earlier)
    with pytest.raises(Refused, match="PERMISSION_DENIED/NOT_A_PARTICIPANT"):
        bob.caller("ConversationService.ListTimeline", name=earlier)
    cleo.says("again", target={"agent": bob.name})
    bob.accept()
    entries = bob.caller("ConversationService.ListTimeline", name=earlier, page_size=100).entries
    assert "earlier words" in [entry.message.text for entry in entries]


def test_agents_are_listed_by_state_and_queue(centre: Centre) -> None:
    queue = centre.queue()
    ann, bob = centre.desk("ann", "billing"), centre.agent("bob", "billing")
    ready = centre.admin("AgentService.ListAgents", queue=queue, state="AGENT_STATE_READY").agents
    out = centre.admin("AgentService.ListAgents", queue=queue, state="AGENT_STATE_LOGGED_OUT").agents
    assert ([one.name for one in ready], [one.name for one in out]) == ([ann.name], [bob.name])


@pytest.mark.spec("R-G8", "I2", "F-12")
def test_repeats_that_come_while_the_first_is_at_work_answer_as_it_does(centre: Centre) -> None:
    queue = centre.queue()
    ann = centre.desk("ann")
    cleo = centre.customer(ann)

    def place(_: int) -> object:
        return centre.invite("Transfer", cleo, ann, queue=queue, request_id="at-once")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(place, range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert cleo.sees().count("Ann has left") == 1
    assert centre.get(cleo).transfer_count == 1


@pytest.mark.spec("R-O2", "I4", "F-18")
def test_of_accept_and_decline_at_once_exactly_one_wins(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann)
    invite = centre.invite("Conference", cleo, ann, agent=bob.name)
    offer = bob.offer()

    def answer(path: str) -> str:
        try:
            bob.caller(f"AgentService.{path}", name=offer.name)
        except Refused as refused:
            return refused.reason
        return "OK"

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(answer, ("AcceptOffer", "DeclineOffer")))
    assert sorted(answers) == ["OFFER_CLOSED", "OK"]
    assert word(centre.ended(invite), "state") == ("ACCEPTED" if answers[0] == "OK" else "DECLINED")


@pytest.mark.spec("I16")
def test_an_agent_who_calls_too_often_is_told_to_wait(centre: Centre) -> None:
    ann = centre.agent("ann")

    def call(_: int) -> str:
        try:
            ann.caller("AgentService.DeclineOffer", name=f"offers/{centre.tag}~1")
        except Refused as refused:
            return f"{refused.code}/{refused.reason}"
        return "OK"

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(call, range(400)))
    assert answers == {"NOT_FOUND/OFFER_NOT_FOUND", "RESOURCE_EXHAUSTED/RATE_LIMITED"}


@pytest.mark.spec("R-G6", "R-G5", "R-Q1")
def test_an_invite_is_waited_for_and_its_first_answer_is_what_it_is_now(hurried: Centre) -> None:
    queue = hurried.queue()
    service = hurried.caller("SERVICE", "services/opener")
    assert hurried.adapter
    made = service(
        "ConversationService.CreateConversation",
        channel=hurried.channel,
        address="+1",
        target={"queue": queue},
        priority=7,
        ttl="0.7s",
    )
    assert (word(made, "state"), made.invite.priority, word(made.invite, "kind")) == ("QUEUED", 7, "ROUTE")
    lived = made.invite.expire_time.ToNanoseconds() - made.invite.create_time.ToNanoseconds()
    assert abs(lived - 700_000_000) < 10_000
    now = service("ConversationService.GetInvite", name=made.invite.name)
    assert word(now, "state") == "PARKED"
    later = service("ConversationService.GetInvite", name=made.invite.name, wait="5s")
    assert word(later, "state") == "NO_AGENT"


@pytest.mark.spec("R-G12")
def test_a_supervisor_transfers_for_the_agent_he_names(centre: Centre) -> None:
    queue = centre.queue()
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    supervisor = centre.caller("SUPERVISOR", "supervisors/sue")
    place = {"name": cleo.conversation, "target": {"queue": queue}}
    with pytest.raises(Refused, match="INVALID_ARGUMENT/BAD_FIELD"):
        supervisor("ConversationService.Transfer", **place)
    invite = supervisor("ConversationService.Transfer", agent=ann.name, **place)
    assert (invite.requester, cleo.sees()[-1]) == (ann.name, "Ann has left")


@pytest.mark.spec("R-G9", "R-W1")
def test_message_and_whisper_limits_are_code_points_and_text_is_kept_as_it_came(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, bob)
    text = "\U0001f600" * 4096
    assert ann.caller("ConversationService.SendMessage", name=cleo.conversation, text=text).text == text
    assert ann.caller("ConversationService.Whisper", name=cleo.conversation, text=text).text == text
    assert cleo.sees()[-1] == text
    tricky = "{agent_name} <b>%s</b> ${x} {0}"
    ann.caller("ConversationService.SendMessage", name=cleo.conversation, text=tricky)
    assert cleo.sees()[-1] == tricky
    odd = centre.desk("odd", display_name="{queue_name} %s <agent-name>")
    centre.invite("Conference", cleo, ann, agent=odd.name)
    odd.accept()
    assert cleo.sees()[-1] == "{queue_name} %s <agent-name> has joined the conversation"
