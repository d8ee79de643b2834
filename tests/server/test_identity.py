"""For whom a caller may act, and what it may read."""

import pytest

from hookflash.sdk.types import Role
from hookflash.v1 import message_pb2
from tests.server.serving import BILLING, Refused, Serving


async def refused_reason(call: object) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        await call  # type: ignore[misc]
    return refused.value.code, refused.value.reason


async def attended(served: Serving, name: str = "42") -> None:
    """A conversation that ann is in; bob is an agent too."""
    await served.site("ann", "bob")
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await served.ready(ann)
        await served.opened(name)
        made = await desk.until("offer_made")
        await ann.call("AgentService/AcceptOffer", name=made.offer.name)


@pytest.mark.spec("I14", "R-G12")
async def test_an_agent_who_names_somebody_else_is_refused_before_his_request_is_read(served: Serving) -> None:
    ann = await served.agent("ann")
    for path in (
        "ConversationService/SendMessage",
        "ConversationService/Transfer",
        "ConversationService/Leave",
        "AgentService/SetAgentState",
        "AgentService/Logout",
    ):
        answer = await refused_reason(ann.call(path, agent="agents/bob"))
        assert answer == ("PERMISSION_DENIED", "IDENTITY_MISMATCH"), path


@pytest.mark.spec("I14", "A-28")
async def test_an_agent_cannot_answer_the_offer_of_another(served: Serving) -> None:
    await served.site("ann", "bob")
    ann, bob = await served.agent("ann"), await served.agent("bob")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await served.ready(ann)
        await served.opened()
        made = await desk.until("offer_made")
        for path in ("AgentService/AcceptOffer", "AgentService/DeclineOffer"):
            answer = await refused_reason(bob.call(path, name=made.offer.name))
            assert answer == ("PERMISSION_DENIED", "IDENTITY_MISMATCH")


@pytest.mark.spec("R-G12")
async def test_a_service_acts_for_the_agents_of_its_token_only_and_the_record_names_both(served: Serving) -> None:
    await attended(served)
    crm = await served.client(Role.SERVICE, "services/crm", agents=("ann",))
    say = {"name": "conversations/42", "text": "hello"}
    assert await refused_reason(crm.call("ConversationService/SendMessage", agent="agents/bob", **say)) == (
        "PERMISSION_DENIED",
        "IDENTITY_MISMATCH",
    )
    assert await refused_reason(crm.call("ConversationService/SendMessage", **say)) == ("INVALID_ARGUMENT", "BAD_FIELD")
    message = await crm.call("ConversationService/SendMessage", agent="agents/ann", **say)
    assert message.sender == "agents/ann"
    events = await served.admin.call("EventService/ListEvents", filter="type = MessageSent")
    assert events.events[0].principal == "SERVICE:services/crm for agents/ann"


@pytest.mark.spec("I14")
async def test_an_adapter_serves_its_own_channel_only(served: Serving) -> None:
    await attended(served)
    adapter = await served.client(Role.ADAPTER, "channels/sms", channel="sms")
    for path in ("ChannelService/Receive", "ConversationService/CreateConversation"):
        assert await refused_reason(adapter.call(path, channel="channels/web")) == (
            "PERMISSION_DENIED",
            "ROLE_NOT_ALLOWED",
        )
    for path, name in (
        ("ConversationService/GetTranscript", "conversations/42"),
        ("ChannelService/SettleDelivery", "conversations/42/deliveries/1"),
    ):
        answer = await refused_reason(adapter.call(path, name=name))
        assert answer == ("PERMISSION_DENIED", "ROLE_NOT_ALLOWED")


@pytest.mark.spec("R-G6", "I14")
async def test_an_agent_reads_conversations_he_is_or_was_in_and_no_others(served: Serving) -> None:
    await attended(served)
    ann, bob = await served.agent("ann"), await served.agent("bob")
    for path in ("ConversationService/GetConversation", "ConversationService/ListTimeline"):
        await ann.call(path, name="conversations/42")
        answer = await refused_reason(bob.call(path, name="conversations/42"))
        assert answer == ("PERMISSION_DENIED", "NOT_A_PARTICIPANT")
    assert [c.name for c in (await ann.call("ConversationService/ListConversations")).conversations] == [
        "conversations/42"
    ]
    assert not (await bob.call("ConversationService/ListConversations")).conversations


@pytest.mark.spec("R-G6", "R-L9")
async def test_who_transferred_a_conversation_still_reads_how_his_invite_ended_but_nothing_said_later(
    served: Serving,
) -> None:
    await attended(served)
    ann = await served.agent("ann")
    invite = await ann.call(
        "ConversationService/Transfer", name="conversations/42", target=BILLING, note="she is upset"
    )
    assert (await ann.call("ConversationService/GetInvite", name=invite.name)).note == "she is upset"
    await served.admin.call(
        "ChannelService/Receive", channel="channels/web", address="customer 42", external_id="1", text="anybody there?"
    )
    entries = (await ann.call("ConversationService/ListTimeline", name="conversations/42")).entries
    assert "anybody there?" not in [entry.message.text for entry in entries]


@pytest.mark.spec("R-G12")
async def test_a_viewer_reads_facts_and_never_what_was_said(served: Serving) -> None:
    await attended(served)
    ann, viewer = await served.agent("ann"), await served.client(Role.VIEWER, "viewers/vi")
    await ann.call("ConversationService/SendMessage", name="conversations/42", text="secret-message")
    choices = [message_pb2.MessageChoice(id="secret-choice", title="secret-title")]
    await ann.call("ConversationService/SendMessage", name="conversations/42", text="secret-offer", choices=choices)
    await ann.call("ConversationService/Conference", name="conversations/42", target=BILLING, note="secret-note")
    answers = [
        await viewer.call("ConversationService/GetConversation", name="conversations/42"),
        await viewer.call("ConversationService/ListConversations"),
        await viewer.call("ConversationService/GetInvite", name="conversations/42/invites/2"),
        await viewer.call("ConversationService/ListTimeline", name="conversations/42"),
        await viewer.call("EventService/ListEvents"),
    ]
    assert [b"secret" in answer.SerializeToString() for answer in answers] == [False] * len(answers)
    assert [entry.WhichOneof("entry") for entry in answers[3].entries].count("participant_joined") == 1
    assert any(event.type == "MessageSent" for event in answers[4].events)


@pytest.mark.spec("R-G11")
async def test_an_adapter_gets_a_conversation_without_invite_position_and_etag(served: Serving) -> None:
    await served.site()
    adapter = await served.client(Role.ADAPTER, "channels/web", channel="web")
    made = await adapter.call(
        "ConversationService/CreateConversation", channel="channels/web", address="kim", target=BILLING
    )
    assert not made.HasField("invite")
    assert (made.position, made.etag) == (0, "")
    assert made.name.startswith("conversations/")


@pytest.mark.spec("R-G12")
async def test_what_is_denied_and_what_an_admin_reads_is_in_the_audit_log(served: Serving) -> None:
    await attended(served)
    bob = await served.agent("bob")
    await refused_reason(bob.call("ConversationService/ListTimeline", name="conversations/42"))
    await served.admin.call("ConversationService/ListTimeline", name="conversations/42")
    log = (served.engine.settings.data / "audit.log").read_text()
    assert '"reason":"NOT_A_PARTICIPANT"' in log
    assert '"kind":"TEXTS_READ","principal":"ADMIN:admins/first"' in log
