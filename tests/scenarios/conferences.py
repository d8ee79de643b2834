"""Conferences and whispers: A-03 to A-05, A-15 to A-20, A-29 of domain section 8."""

from random import Random

from .stage import Stage, agent, queue, scenario
from .values import Person, SeenConversation, SeenOffer

BOTH = SeenConversation(state="ACTIVE", agents=("ann", "bob"), is_conference=True)


@scenario("A-03", spec=("R-C1", "R-C2", "R-C3", "R-C4", "R-C5", "D-1", "D-13", "F-17", "N6", "N7", "N8", "N9"))
async def a_conference_adds_an_agent_and_the_customer_hears_of_nothing_but_his_joining(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    await stage.conference(by="ann", to=queue("billing"))
    placed = [
        "CONFERENCE PARKED",
        "toast: a conference request has been placed successfully.",
        "Conference request has been successfully placed",
    ]
    assert await stage.desk("ann") == placed
    assert await stage.customer_saw() == []
    assert await stage.offer("bob") == SeenOffer(
        id="v~2",
        kind="CONFERENCE",
        heading="Chat conference request from Ann with customer Carl",
        requester="ann",
        requester_name="Ann",
        queue="billing",
        queue_name="Billing",
    )
    await stage.accept("bob")
    assert await stage.conversation() == BOTH
    joined = ["+ bob", "CONFERENCE ACCEPTED bob", "Bob has joined the conversation"]
    assert await stage.desk("ann") == [*placed, *joined]
    assert await stage.customer_saw() == ["Bob has joined the conversation"]
    assert await stage.timeline("bob", is_whole=True) == [
        "customer: hello",
        "ROUTE PARKED",
        "+ ann",
        "ROUTE ACCEPTED ann",
        "Ann has joined the conversation",
        "CONFERENCE PARKED",
        "Queue conference request has been placed by Ann",
        "+ bob",
        "CONFERENCE ACCEPTED bob",
        "You have joined the conversation",
    ]


@scenario("A-04", spec=("R-W1", "R-W2", "R-W3", "R-W4", "R-G11", "INV-5", "I7"))
async def a_whisper_reaches_every_agent_and_leaves_no_trace_on_the_customers_side(stage: Stage) -> None:
    await stage.given_agents("ann", "bob", "cat", "dan")
    await stage.given_conversation("ann", "bob", "cat")
    await stage.whisper("ann", "he is cross")
    for name in ("ann", "bob", "cat"):
        assert await stage.timeline(name) == ["ann whispers: he is cross"]
        assert await stage.desk(name) == ["ann whispers: he is cross"]
    assert await stage.customer_saw() == []
    await stage.say("bob", "hi")
    assert await stage.customer_saw() == ["bob: hi"]
    await stage.conference(by="ann", to=agent("dan"))
    await stage.accept("dan")
    assert await stage.timeline("dan") == [
        "ann whispers: he is cross",
        "bob: hi",
        "CONFERENCE PARKED",
        "Agent conference request has been placed by Ann",
        "+ dan",
        "CONFERENCE ACCEPTED dan",
        "You have joined the conversation",
    ]


@scenario("A-05", spec=("R-L1", "R-C3", "R-L9", "N10"))
async def the_first_agent_leaves_and_the_second_has_all_his_rights(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob", "cat")
    await stage.given_conversation("ann", "bob")
    await stage.leave("ann")
    assert await stage.desk("bob") == ["- ann LEFT", "Ann left the conversation"]
    assert await stage.desk("ann") == ["- ann LEFT"]
    assert await stage.customer_saw() == ["Ann left the conversation"]
    assert await stage.conversation() == SeenConversation(state="ACTIVE", agents=("bob",))
    assert await stage.state("ann") == "READY 0/3"
    await stage.conference(by="bob", to=agent("cat"))
    await stage.accept("cat")
    await stage.transfer(by="bob", to=queue("billing"))
    found = await stage.conversation()
    assert (found.state, found.agents, found.transfers) == ("ACTIVE", ("cat",), 1)
    # Nothing more of the conversation, but he is an agent like any other and may be asked.
    assert await stage.desk("ann") == ["- ann LEFT", "offer v~4"]


@scenario("A-08", spec=("R-C6", "D-4", "D-13", "N11", "F-17"))
async def nobody_accepts_a_conference_and_only_the_agents_are_told(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    await stage.conference(by="ann", to=queue("billing"))
    await stage.pass_time(310)
    assert (await stage.invite(2)).state == "NO_AGENT"
    assert await stage.desk("ann") == [
        "CONFERENCE PARKED",
        "toast: a conference request has been placed successfully.",
        "Conference request has been successfully placed",
        "CONFERENCE NO_AGENT",
        "No agents were available to join the conference conversation",
    ]
    assert await stage.customer_saw() == []
    assert await stage.conversation() == SeenConversation(state="ACTIVE", agents=("ann",))
    assert await stage.state("bob") == "READY 0/3"


@scenario("A-15", spec=("R-T9", "F-15"))
async def a_transfer_out_of_a_conference_takes_out_one_agent_only(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob", "cat")
    await stage.given_conversation("ann", "bob")
    await stage.transfer(by="ann", to=queue("billing"))
    assert await stage.desk("bob") == [
        "TRANSFER PARKED",
        "- ann TRANSFERRED",
        "Queue transfer request has been placed by Ann",
        "Ann left the conversation",
    ]
    left = ["Your request is being transferred to Billing, please wait!", "Ann has left"]
    assert await stage.customer_saw() == left
    assert (await stage.conversation()).agents == ("bob",)
    await stage.accept("cat")
    assert await stage.customer_saw() == [*left, "Cat has joined the conversation"]
    assert (await stage.conversation()).agents == ("bob", "cat")


@scenario("A-15", spec=("R-T9",))
async def an_unserved_transfer_out_of_a_conference_is_told_to_who_stays_and_not_to_the_customer(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann", "bob")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.pass_time(300)
    assert (await stage.desk("bob"))[-2:] == ["TRANSFER NO_AGENT", "No agent is available for Queue Transfer"]
    assert await stage.customer_saw() == [
        "Your request is being transferred to Billing, please wait!",
        "Ann has left",
    ]
    assert (await stage.conversation()).state == "ACTIVE"


@scenario("A-16", spec=("D-10", "R-G8", "I2", "I5", "F-12"))
async def a_second_invite_is_refused_and_the_first_one_repeated_answers_as_before(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann", "bob")
    first = await stage.conference(by="ann", to=queue("billing"), request_id="click")
    seen = await stage.desk("ann")
    async with stage.refused("INVITE_PENDING"):
        await stage.conference(by="ann", to=queue("billing"))
    async with stage.refused("INVITE_PENDING"):
        await stage.transfer(by="bob", to=queue("billing"))
    assert await stage.conference(by="ann", to=queue("billing"), request_id="click") == first
    async with stage.refused("REQUEST_ID_REUSED"):
        await stage.conference(by="ann", to=queue("billing"), note="another", request_id="click")
    assert await stage.desk("ann") == seen
    assert (await stage.conversation()).agents == ("ann", "bob")


@scenario("A-17", spec=("R-C8", "R-L2", "F-13", "F-26"))
async def when_all_leave_an_offered_conference_is_cancelled(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "cat")
    await stage.given_conversation("ann")
    await stage.conference(by="ann", to=queue("billing"))
    await stage.leave("ann")
    assert (await stage.invite(2)).state == "CANCELLED"
    assert await stage.desk("cat") == ["offer v~2", "withdrawn v~2 REVOKED"]
    assert await stage.offer("cat") is None
    assert await stage.state("cat") == "READY 0/3"
    assert await stage.conversation() == SeenConversation(state="UNATTENDED", agents=())
    assert await stage.happened("ConversationUnattended") == 1


@scenario("A-18", spec=("R-C8",))
async def a_conference_invite_outlives_the_inviting_agent(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents(ann=Person(), bob=Person(), cat=Person(is_ready=False))
    await stage.given_conversation("ann", "bob")
    await stage.conference(by="ann", to=queue("billing"))
    await stage.leave("ann")
    assert (await stage.invite(3)).state == "PARKED"
    await stage.ready("cat")
    await stage.accept("cat")
    assert await stage.conversation() == SeenConversation(state="ACTIVE", agents=("bob", "cat"), is_conference=True)


@scenario("A-18", spec=("R-C8", "N11"))
async def a_conference_invite_without_its_inviting_agent_ends_with_a_word_to_who_is_left(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann", "bob")
    await stage.conference(by="ann", to=queue("billing"))
    await stage.leave("ann")
    await stage.pass_time(300)
    assert (await stage.desk("bob"))[-2:] == [
        "CONFERENCE NO_AGENT",
        "No agents were available to join the conference conversation",
    ]


@scenario("A-20", spec=("R-C2",), limits={"agents_per_conversation_max": 3})
async def a_full_conference_takes_nobody_more_but_may_be_transferred(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob", "cat", "dan")
    await stage.given_conversation("ann", "bob")
    await stage.conference(by="ann", to=agent("cat"))
    async with stage.refused("INVITE_PENDING"):
        await stage.conference(by="bob", to=agent("dan"))
    await stage.accept("cat")
    async with stage.refused("CONFERENCE_FULL"):
        await stage.conference(by="bob", to=agent("dan"))
    await stage.transfer(by="ann", to=agent("dan"))
    await stage.accept("dan")
    assert (await stage.conversation()).agents == ("bob", "cat", "dan")


@scenario("A-29", spec=("R-W3", "R-W4", "R-G11", "R-C7", "INV-5", "I7"))
async def no_interleaving_lets_a_whisper_or_note_reach_the_customer(stage: Stage) -> None:
    chance = Random(29)  # noqa: S311  which order, not which secret
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob", "cat", "dan")
    await stage.given_conversation("ann", "bob")
    expected = []
    for n in range(40):
        inside = list((await stage.conversation()).agents)
        by = chance.choice(inside)
        outside = [name for name in ("ann", "bob", "cat", "dan") if name not in inside]
        match chance.choice(("say", "write", "whisper", "whisper", "move")):
            case "say":
                await stage.say(by, f"open {n}")
                expected.append(f"{by}: open {n}")
            case "write":
                await stage.customer_writes(f"asks {n}")
                expected.append(f"customer: asks {n}")
            case "whisper":
                await stage.whisper(by, f"canary {n}")
            case _:
                if len(inside) > 2:
                    await stage.leave(by)
                    expected.append(f"{by.title()} left the conversation")
                else:
                    await stage.conference(by=by, to=agent(outside[0]), note=f"canary {n}")
                    await stage.accept(outside[0])
                    expected.append(f"{outside[0].title()} has joined the conversation")
    seen = await stage.customer_saw()
    assert seen == expected
    assert "canary" not in "".join(seen)
