"""Who may do what, and which refusal comes first when several would fit."""

from typing import Final

import pytest

from tests.e2e.conformance.centre import Centre
from tests.e2e.conformance.outside import Refused, World, word

NOWHERE: Final = "conversations/nowhere"
ROLES: Final = {
    "ConversationService": {
        "CreateConversation": "XC",
        "GetConversation": "VASX",
        "ListConversations": "VASX",
        "CloseConversation": "ASX",
        "SendMessage": "AX",
        "Transfer": "ASX",
        "Conference": "ASX",
        "Whisper": "ASX",
        "Leave": "ASX",
        "Route": "SX",
        "GetInvite": "VASX",
        "CancelInvite": "ASX",
        "ListTimeline": "VASX",
        "GetTranscript": "XC",
    },
    "AgentService": {
        "GetAgent": "VASX",
        "ListAgents": "VASX",
        "SetAgentState": "ASX",
        "Logout": "ASX",
        "AcceptOffer": "AX",
        "DeclineOffer": "AX",
    },
    "QueueService": {"GetQueue": "VASX", "ListQueues": "VASX"},
    "ChannelService": {"Receive": "CX", "SettleDelivery": "CX"},
    "EventService": {"ListEvents": "VSX"},
    "AdminService": {
        "GetServer": "",
        "Apply": "",
        "Export": "",
        "CreateToken": "",
        "ListTokens": "",
        "RevokeToken": "",
        "Drain": "",
        "Explain": "S",
    },
}
STREAMS: Final = {
    "AgentService.Attach": "AX",
    "QueueService.WatchQueues": "VASX",
    "ChannelService.Deliveries": "CX",
    "EventService.Watch": "VSX",
}


@pytest.mark.spec("R-G12", "I14")
@pytest.mark.parametrize("role", ["VIEWER", "AGENT", "SUPERVISOR", "SERVICE", "ADAPTER"])
def test_each_role_may_call_its_methods_and_no_other(centre: Centre, role: str) -> None:
    letter = {"VIEWER": "V", "AGENT": "A", "SUPERVISOR": "S", "SERVICE": "X", "ADAPTER": "C"}[role]
    caller = {
        "AGENT": lambda: centre.agent("ann").caller,
        "ADAPTER": lambda: centre.adapter,
    }.get(role, lambda: centre.caller(role, f"{role.lower()}s/one"))()
    for service, rpcs in ROLES.items():
        for rpc, letters in rpcs.items():
            if rpc == "Drain" and letter in letters:
                continue
            try:
                caller(f"{service}.{rpc}")
                refused = ""
            except Refused as told:
                refused = told.reason
            assert (refused == "ROLE_NOT_ALLOWED") == (letter not in letters), (rpc, refused)
    for path, letters in STREAMS.items():
        if letter not in letters:
            with pytest.raises(Refused, match="PERMISSION_DENIED/ROLE_NOT_ALLOWED"):
                caller.stream(path).next()


@pytest.mark.spec("R-G12", "A-28")
def test_an_agent_acts_for_himself_only(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann)
    invite = centre.invite("Conference", cleo, ann, agent=bob.name)
    offer = bob.offer()
    for path, fields in (
        ("ConversationService.SendMessage", {"name": cleo.conversation, "agent": ann.name, "text": "x"}),
        ("ConversationService.Leave", {"name": cleo.conversation, "agent": ann.name}),
        ("AgentService.SetAgentState", {"agent": ann.name, "state": "READINESS_READY"}),
        ("AgentService.Logout", {"agent": ann.name}),
    ):
        with pytest.raises(Refused, match="PERMISSION_DENIED/IDENTITY_MISMATCH"):
            bob.caller(path, **fields)
    for path in ("AgentService.AcceptOffer", "AgentService.DeclineOffer"):
        with pytest.raises(Refused, match="PERMISSION_DENIED/IDENTITY_MISMATCH"):
            ann.caller(path, name=offer.name)
    with pytest.raises(Refused, match="PERMISSION_DENIED/IDENTITY_MISMATCH"):
        bob.caller.stream("AgentService.Attach", agent=ann.name).next()
    with pytest.raises(Refused, match="PERMISSION_DENIED/NOT_A_PARTICIPANT"):
        bob.caller("ConversationService.CancelInvite", name=invite.name)


@pytest.mark.spec("R-G12", "R-G9")
def test_a_service_acts_for_the_agent_it_names_and_events_name_both(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann)
    service = centre.caller("SERVICE", "services/desk", agents=[ann.name])
    sent = service("ConversationService.SendMessage", name=cleo.conversation, agent=ann.name, text="by proxy")
    assert sent.sender == ann.name
    events = service("EventService.ListEvents", filter=f"subject = {cleo.conversation}", page_size=100).events
    assert "services/desk" in events[-1].principal
    assert ann.name in str(events[-1].payload) + events[-1].principal + events[-1].cause
    for path, fields in (
        ("ConversationService.SendMessage", {"name": cleo.conversation, "agent": bob.name, "text": "x"}),
        ("AgentService.SetAgentState", {"agent": bob.name, "state": "READINESS_READY"}),
    ):
        with pytest.raises(Refused) as refused:
            service(path, **fields)
        assert refused.value.code == "PERMISSION_DENIED"
    centre.invite("Conference", cleo, ann, agent=bob.name)
    offer = bob.offer()
    with pytest.raises(Refused) as refused:
        service("AgentService.AcceptOffer", name=offer.name)
    assert refused.value.code == "PERMISSION_DENIED"
    wide = centre.caller("SERVICE", "services/wide")
    assert centre.agents_in(cleo) == {ann.name}
    wide("AgentService.AcceptOffer", name=offer.name)
    assert centre.agents_in(cleo) == {ann.name, bob.name}


@pytest.mark.spec("R-G12", "R-G6", "R-W3")
def test_a_viewer_reads_facts_and_never_what_was_said(centre: Centre) -> None:
    queue = centre.queue()
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, bob, says="canary-m")
    ann.caller("ConversationService.Whisper", name=cleo.conversation, text="canary-w")
    invite = centre.invite("Conference", cleo, ann, queue=queue, note="canary-n")
    viewer = centre.caller("VIEWER", "viewers/wall")
    answers = [
        viewer("ConversationService.GetConversation", name=cleo.conversation),
        viewer("ConversationService.GetInvite", name=invite.name),
        viewer("ConversationService.ListTimeline", name=cleo.conversation, page_size=500),
        viewer("EventService.ListEvents", filter=f"subject = {cleo.conversation}", page_size=500),
        viewer("ConversationService.ListConversations", page_size=500),
    ]
    watch = viewer.stream("EventService.Watch", from_start=True, filter=f"subject = {cleo.conversation}")
    watch.until(lambda answer: "Whisper" in str([event.type for event in answer.events]))
    answers += watch.seen
    assert "canary" not in str(answers)
    assert any(entry.WhichOneof("entry") == "participant_joined" for entry in answers[2].entries)


@pytest.mark.spec("R-G6", "R-G12")
def test_an_agent_reads_only_what_is_or_was_his(centre: Centre) -> None:
    ann, eve = centre.desk("ann"), centre.desk("eve")
    cleo = centre.customer(ann, says="secret")
    for method in ("GetConversation", "ListTimeline"):
        with pytest.raises(Refused, match="PERMISSION_DENIED/NOT_A_PARTICIPANT"):
            eve.caller(f"ConversationService.{method}", name=cleo.conversation)
    listed = eve.caller("ConversationService.ListConversations", page_size=500).conversations
    assert cleo.conversation not in [one.name for one in listed]
    mine = ann.caller("ConversationService.ListConversations", filter="state = ACTIVE").conversations
    assert cleo.conversation in [one.name for one in mine]


@pytest.mark.spec("R-G12", "R-G11", "R-W3")
def test_an_adapter_sees_its_channel_only_and_no_invite_position_or_etag(centre: Centre) -> None:
    queue = centre.queue()
    other = Centre(centre.world, centre.admin)
    foreign = other.customer()
    created = centre.adapter(
        "ConversationService.CreateConversation",
        channel=centre.channel,
        address="+1",
        target={"queue": queue},
        customer={"display_name": "Cleo"},
    )
    assert (word(created, "state"), created.HasField("invite"), created.position, created.etag) == (
        "QUEUED",
        False,
        0,
        "",
    )
    refusals = (
        ("ConversationService.GetTranscript", {"name": foreign.conversation}),
        ("ConversationService.CreateConversation", {"channel": other.channel, "address": "+2"}),
        ("ChannelService.Receive", {"channel": other.channel, "address": "+2", "external_id": "1", "text": "x"}),
    )
    for path, fields in refusals:
        with pytest.raises(Refused) as refused:
            centre.adapter(path, **fields)
        assert refused.value.code in {"PERMISSION_DENIED", "NOT_FOUND"}, path
    with pytest.raises(Refused, match="PERMISSION_DENIED"):
        centre.adapter.stream("ChannelService.Deliveries", channel=other.channel).next()
    other.close()


@pytest.mark.spec("A-28", "A-32")
def test_unknown_names_are_not_found_with_the_word_of_their_kind(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann)
    centre.invite("Conference", cleo, ann, agent=bob.name)
    offer = bob.offer().name
    place = {"name": cleo.conversation, "agent": ann.name}
    lost: dict[str, object] = {"channel": "channels/none", "address": "1", "external_id": "1", "text": "x"}
    cases: tuple[tuple[str, dict[str, object], str], ...] = (
        ("ConversationService.GetConversation", {"name": NOWHERE}, "CONVERSATION"),
        ("ConversationService.GetInvite", {"name": f"{cleo.conversation}/invites/99"}, "INVITE"),
        ("AgentService.AcceptOffer", {"name": f"{offer}9"}, "OFFER"),
        ("AgentService.GetAgent", {"name": "agents/nobody"}, "AGENT"),
        ("QueueService.GetQueue", {"name": "queues/none"}, "QUEUE"),
        ("ChannelService.Receive", lost, "CHANNEL"),
        ("ChannelService.SettleDelivery", {"name": f"{cleo.conversation}/deliveries/99"}, "DELIVERY"),
        ("AdminService.RevokeToken", {"name": "tokens/none"}, "TOKEN"),
        ("ConversationService.Transfer", {**place, "target": {"queue": "queues/none"}}, "QUEUE"),
        ("ConversationService.Transfer", {**place, "target": {"agent": "agents/none"}}, "AGENT"),
    )
    for path, fields, kind in cases:
        with pytest.raises(Refused, match=f"NOT_FOUND/{kind}_NOT_FOUND") as refused:
            centre.admin(path, **fields)
        assert refused.value.domain == "hookflash.v1", path
    for caller in (ann.caller, centre.admin):
        with pytest.raises(Refused, match="NOT_FOUND/OFFER_NOT_FOUND"):
            caller("AgentService.AcceptOffer", name="offers/nowhere~1")


@pytest.mark.spec("R-G7", "I16")
def test_form_comes_before_existence_and_names_the_field(centre: Centre) -> None:
    ann = centre.desk("ann")
    queue = {"queue": "queues/none"}
    cases: tuple[tuple[str, dict[str, object], str, str], ...] = (
        ("Transfer", {"name": NOWHERE, "target": queue, "note": "x" * 1001}, "NOTE_TOO_LONG", "note"),
        ("Transfer", {"name": NOWHERE}, "BAD_FIELD", "target"),
        ("Transfer", {"name": "conversations/Not OK", "target": queue}, "BAD_ID", "name"),
        ("Transfer", {"name": NOWHERE, "target": {"queue": "agents/ann"}}, "BAD_ID", "target.queue"),
        ("Transfer", {"name": NOWHERE, "target": queue, "priority": 11}, "INVALID_SETTING", "priority"),
        ("Transfer", {"name": NOWHERE, "target": queue, "priority": 0}, "INVALID_SETTING", "priority"),
        ("Transfer", {"name": NOWHERE, "target": queue, "ttl": "-1s"}, "INVALID_SETTING", "ttl"),
        ("SendMessage", {"name": NOWHERE, "text": " \n "}, "EMPTY_MESSAGE", "text"),
        ("SendMessage", {"name": NOWHERE, "text": "x" * 4097}, "MESSAGE_TOO_LONG", "text"),
        ("Whisper", {"name": NOWHERE, "text": "\t"}, "EMPTY_MESSAGE", "text"),
        ("Whisper", {"name": NOWHERE, "text": "x" * 4097}, "MESSAGE_TOO_LONG", "text"),
        ("GetConversation", {}, "BAD_ID|BAD_FIELD", "name"),
        ("ListTimeline", {"name": NOWHERE, "page_token": "!"}, "BAD_FIELD", "page_token"),
        ("ListConversations", {"filter": "colour = red"}, "BAD_FIELD", "filter"),
    )
    for rpc, fields, reason, field in cases:
        with pytest.raises(Refused, match=f"INVALID_ARGUMENT/({reason}):") as refused:
            ann.caller(f"ConversationService.{rpc}", **fields)
        assert refused.value.fields == [field], (rpc, refused.value.fields)


@pytest.mark.spec("A-28", "R-G7")
def test_the_order_of_refusals_is_the_specified_one(centre: Centre) -> None:
    queue = {"queue": centre.queue()}
    nowhere = {"queue": "queues/none"}
    ann, bob, eve = centre.desk("ann"), centre.desk("bob"), centre.desk("eve")
    open_, closed = centre.customer(ann, bob), centre.customer(ann)
    centre.admin("ConversationService.CloseConversation", name=closed.conversation)
    stale = {"etag": "stale"}
    cases = (
        (eve, open_, {"target": nowhere}, "QUEUE_NOT_FOUND"),  # existence, also of the target, before participation
        (eve, closed, {"target": nowhere}, "QUEUE_NOT_FOUND"),  # existence before closed
        (eve, closed, {"target": queue} | stale, "ETAG_MISMATCH"),  # etag before closed
        (eve, closed, {"target": queue}, "CONVERSATION_CLOSED"),  # closed before participation
        (eve, open_, {"target": queue} | stale, "ETAG_MISMATCH"),  # etag before participation
        (eve, open_, {"target": {"agent": bob.name}}, "NOT_A_PARTICIPANT"),  # participation before target
        (ann, open_, {"target": {"agent": bob.name}}, "TARGET_ALREADY_PARTICIPANT"),
    )
    for desk, customer, fields, reason in cases:
        with pytest.raises(Refused, match=f"/{reason}:"):
            desk.caller("ConversationService.Transfer", name=customer.conversation, **fields)
    centre.invite("Conference", open_, ann, queue=queue["queue"])
    with pytest.raises(Refused, match="/NOT_A_PARTICIPANT:"):  # participation before state
        centre.invite("Transfer", open_, eve, queue=queue["queue"])
    with pytest.raises(Refused, match="/INVITE_PENDING:"):  # state before target
        centre.invite("Transfer", open_, ann, agent=ann.name)
    open_.leaves()
    with pytest.raises(Refused, match="/NOT_A_PARTICIPANT:"):
        centre.invite("Transfer", open_, eve, queue=queue["queue"])


@pytest.mark.spec("R-G8", "I2")
def test_a_request_id_is_judged_before_existence_and_belongs_to_its_principal_and_method(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, bob)
    say = {"name": cleo.conversation, "text": "one", "request_id": "same"}
    first = ann.caller("ConversationService.SendMessage", **say)
    assert ann.caller("ConversationService.SendMessage", **say) == first
    with pytest.raises(Refused, match="INVALID_ARGUMENT/REQUEST_ID_REUSED"):
        ann.caller("ConversationService.SendMessage", **{**say, "name": NOWHERE})
    assert bob.caller("ConversationService.SendMessage", **say).name != first.name
    assert ann.caller("ConversationService.Whisper", **say).name.endswith("/whispers/1")
    assert centre.texts(cleo).count("one") == 3
    again = centre.caller("AGENT", ann.name)
    assert again("ConversationService.SendMessage", **say) == first
    retry = {"name": cleo.conversation, "target": {"agent": ann.name}, "request_id": "again"}
    with pytest.raises(Refused, match="TARGET_IS_REQUESTER"):
        ann.caller("ConversationService.Conference", **retry)
    eve = centre.desk("eve")
    invite = ann.caller("ConversationService.Conference", **{**retry, "target": {"agent": eve.name}})
    assert invite.target.agent == eve.name


@pytest.mark.spec("R-G9")
def test_a_stale_etag_is_refused_and_a_current_one_serves(centre: Centre) -> None:
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    old = centre.get(cleo).etag
    ann.caller("ConversationService.SendMessage", name=cleo.conversation, text="x")
    bob = centre.desk("bob")
    centre.invite("Conference", cleo, ann, agent=bob.name)
    bob.accept()
    with pytest.raises(Refused, match="ABORTED/ETAG_MISMATCH"):
        ann.caller("ConversationService.CloseConversation", name=cleo.conversation, etag=old)
    etag = centre.get(cleo).etag
    closed = ann.caller("ConversationService.CloseConversation", name=cleo.conversation, etag=etag)
    assert word(closed, "state") == "CLOSED"


@pytest.mark.spec("I14")
def test_a_bad_token_is_no_principal(centre: Centre) -> None:
    world: World = centre.world
    made = centre.admin("AdminService.CreateToken", subject="viewers/x", role="ROLE_VIEWER")
    for token in (None, "", "nonsense", made.token[:-1] + "!", made.token + "x", "hf_00_" + "a" * 43):
        with pytest.raises(Refused, match="UNAUTHENTICATED/NOT_AUTHENTICATED"):
            world.caller(token)("QueueService.ListQueues")
