"""Transfers: A-01, A-02, A-07 to A-14 of domain section 8."""

from .stage import Stage, agent, queue, scenario
from .values import Line, Person, SeenConversation, SeenInvite, SeenOffer, Step

TRANSFERRED = ["Your request is being transferred to Billing, please wait!", "Ann has left"]
UNSERVED = [*TRANSFERRED, "No agents were available"]
LEFT_OVER = SeenConversation(state="UNATTENDED", agents=(), transfers=1)


@scenario("A-01", spec=("R-T1", "R-T2", "R-T3", "R-T4", "R-T5", "R-T10", "R-G4", "R-G5", "R-G6", "R-L9", "F-10",
                        "N1", "N2", "N3", "N4", "N6", "N9"))  # fmt: skip
async def a_queue_transfer_goes_to_an_available_agent_with_its_note(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"), note="vip")
    assert await stage.customer_saw() == TRANSFERRED
    assert await stage.desk("ann") == [
        "TRANSFER PARKED (vip)",
        "- ann TRANSFERRED",
        "Conversation is closed due to CHAT TRANSFERRED",
        "toast: Transfer request placed successfully",
    ]
    assert await stage.state("ann") == "READY 0/3"
    assert await stage.offer("bob") == SeenOffer(
        id="v~2",
        kind="TRANSFER",
        heading="Chat transfer request from Ann with customer Carl",
        requester="ann",
        requester_name="Ann",
        note="vip",
        queue="billing",
        queue_name="Billing",
    )
    await stage.accept("bob")
    assert await stage.conversation() == SeenConversation(state="ACTIVE", agents=("bob",), transfers=1)
    assert await stage.timeline("bob", is_whole=True) == [
        "customer: hello",
        "ROUTE PARKED",
        "+ ann",
        "ROUTE ACCEPTED ann",
        "Ann has joined the conversation",
        "TRANSFER PARKED (vip)",
        "- ann TRANSFERRED",
        "Queue transfer request has been placed by Ann",
        "+ bob",
        "TRANSFER ACCEPTED bob",
        "You have joined the conversation",
    ]
    assert await stage.customer_saw() == [*TRANSFERRED, "Bob has joined the conversation"]
    assert len(await stage.desk("ann")) == 4


@scenario("A-02", spec=("R-G2", "R-T6", "R-T7", "R-T10"))
async def a_direct_transfer_is_offered_to_the_named_agent_alone(stage: Stage) -> None:
    await stage.given_agents("ann", "bob", "cat")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=agent("bob"))
    assert await stage.offered("bob", "cat") == ["bob"]
    await stage.accept("bob")
    assert await stage.timeline("bob") == [
        "TRANSFER PARKED",
        "- ann TRANSFERRED",
        "Agent transfer request has been placed by Ann",
        "+ bob",
        "TRANSFER ACCEPTED bob",
        "You have joined the conversation",
    ]
    assert await stage.customer_saw() == [
        "Your request is being transferred to Bob, please wait!",
        "Ann has left",
        "Bob has joined the conversation",
    ]
    assert await stage.conversation() == SeenConversation(state="ACTIVE", agents=("bob",), transfers=1)


@scenario("A-02", spec=("R-T8", "D-5", "N5", "F-03", "F-20"))
async def a_direct_transfer_that_is_missed_ends_without_asking_anybody_else(stage: Stage) -> None:
    await stage.given_agents("ann", "bob", "cat")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=agent("bob"))
    await stage.pass_time(29.9)
    assert await stage.offered("bob", "cat") == ["bob"]
    await stage.pass_time(0.1)
    assert await stage.offered("bob", "cat") == []
    assert (await stage.invite(2)).state == "NO_AGENT"
    assert await stage.conversation() == LEFT_OVER
    assert await stage.happened("ConversationUnattended") == 1
    assert await stage.customer_saw() == [
        "Your request is being transferred to Bob, please wait!",
        "Ann has left",
        "No agents were available",
    ]
    await stage.pass_time(600)
    assert await stage.offered("bob", "cat") == []
    assert len(await stage.customer_saw()) == 3


@scenario("A-02", spec=("R-T8", "N5", "F-03", "F-21"))
async def a_direct_transfer_that_is_declined_says_so_and_ends(stage: Stage) -> None:
    await stage.given_agents("ann", "bob", "cat")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=agent("bob"))
    await stage.decline("bob")
    assert (await stage.invite(2)).state == "DECLINED"
    assert await stage.offered("bob", "cat") == []
    assert await stage.conversation() == LEFT_OVER
    assert await stage.desk("bob") == ["offer v~2", "withdrawn v~2 DECLINED"]
    assert await stage.customer_saw() == [
        "Your request is being transferred to Bob, please wait!",
        "Ann has left",
        "No agents were available",
    ]


@scenario("A-07", spec=("R-T4", "R-O3", "R-O4", "R-O5", "R-Q3", "F-08", "D-14"))
async def a_missed_offer_goes_on_to_the_next_agent_first_in_line_and_with_its_age(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(
        ann=Person(queues=("front",)),
        bob=Person(capacity={"chat": 1}),
        cat=Person(is_ready=False),
        dan=Person(queues=("front",)),
        eve=Person(queues=("front",)),
    )
    await stage.given_conversation("ann")
    await stage.given_conversation("dan", v="w")
    await stage.given_conversation("eve", v="x")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.transfer(by="dan", to=queue("billing"), v="w")
    await stage.transfer(by="eve", to=queue("billing"), v="x")
    assert await stage.waiting("billing") == 2
    await stage.pass_time(30)
    assert await stage.desk("bob") == ["offer v~2", "withdrawn v~2 MISSED", "offer w~2"]
    assert await stage.invite(2) == SeenInvite(
        kind="TRANSFER", state="PARKED", priority=11, attempts=1, requester="ann", left_s=270, age_s=30
    )
    await stage.ready("cat")
    assert await stage.desk("cat") == ["offer v~3"]
    assert await stage.customer_saw() == TRANSFERRED
    await stage.accept("cat")
    assert await stage.customer_saw() == [*TRANSFERRED, "Cat has joined the conversation"]
    assert (await stage.invite(2)).left_s == 270


@scenario("A-07", spec=("R-O3", "R-O4"))
async def who_missed_an_offer_is_not_asked_again_while_another_agent_is_there(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob", "cat")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.pass_time(30)
    assert await stage.offered("bob", "cat") == ["cat"]
    assert await stage.state("bob") == "READY 0/3"
    await stage.pass_time(30)
    assert await stage.offered("bob", "cat") == ["bob"]
    await stage.pass_time(30)
    assert await stage.offered("bob", "cat") == ["cat"]
    assert await stage.desk("bob") == ["offer v~2", "withdrawn v~2 MISSED", "offer v~4", "withdrawn v~4 MISSED"]


@scenario("A-08", spec=("R-T5", "R-O4", "R-O5", "D-3", "D-4", "N5", "INV-6"))
async def nobody_accepts_a_transfer_and_the_customer_is_told_once(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person())
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.pass_time(309)
    # Thirty seconds of offer, ten of pause: the last offer was made at 280 s and outlives the ttl.
    assert await stage.happened("OfferMade") == 1 + 8
    assert (await stage.invite(2)).state == "OFFERED"
    assert await stage.customer_saw() == TRANSFERRED
    await stage.pass_time(1)
    assert (await stage.invite(2)).state == "NO_AGENT"
    assert await stage.customer_saw() == UNSERVED
    await stage.pass_time(600)
    assert await stage.customer_saw() == UNSERVED
    assert await stage.happened("InviteEnded") == 2
    assert await stage.conversation() == LEFT_OVER
    assert await stage.state("bob") == "READY 0/3"
    assert await stage.waiting("billing") == 0


@scenario("A-09", spec=("R-O5",))
async def an_offer_open_when_the_ttl_ends_may_still_be_accepted(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person(is_ready=False))
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.pass_time(290)
    await stage.ready("bob")
    await stage.pass_time(20)
    await stage.accept("bob")
    assert await stage.conversation() == SeenConversation(state="ACTIVE", agents=("bob",), transfers=1)
    assert await stage.customer_saw() == [*TRANSFERRED, "Bob has joined the conversation"]


@scenario("A-09", spec=("R-O5",))
async def an_offer_missed_after_the_ttl_was_the_last_one(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person(is_ready=False), cat=Person(is_ready=False))
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.pass_time(290)
    await stage.ready("bob")
    await stage.ready("cat")
    await stage.pass_time(29.9)
    assert (await stage.invite(2)).state == "OFFERED"
    await stage.pass_time(0.1)
    assert (await stage.invite(2)).state == "NO_AGENT"
    assert await stage.desk("cat") == []
    assert await stage.customer_saw() == UNSERVED


@scenario("A-11", spec=("R-G3", "R-Q5", "R-Q6", "D-9", "F-19"))
async def an_invite_parked_in_an_empty_queue_is_offered_the_instant_somebody_is_ready(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents(ann=Person(), bob=Person(is_ready=False))
    await stage.given_conversation("ann")
    assert await stage.available("billing", v="v", by="ann") == 0
    await stage.transfer(by="ann", to=queue("billing"))
    assert (await stage.invite(2)).state == "PARKED"
    await stage.pass_time(100)
    await stage.ready("bob")
    assert await stage.offered("bob") == ["bob"]
    assert (await stage.invite(2)).left_s == 200


@scenario("A-11", spec=("R-O9", "I8", "INV-6"))
async def an_invite_parked_in_an_empty_queue_ends_at_its_ttl_and_not_before(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.pass_time(299.9)
    assert (await stage.invite(2)).state == "PARKED"
    await stage.pass_time(0.1)
    assert (await stage.invite(2)).state == "NO_AGENT"
    assert await stage.customer_saw() == UNSERVED


@scenario("A-12", spec=("D-8", "R-Q4", "R-Q6", "R-A4", "F-09"))
async def the_inviting_agent_is_never_offered_his_own_transfer_but_serves_what_waits_behind_it(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann")
    await stage.given_conversation("ann")
    assert await stage.available("billing", v="v", by="ann") == 0
    await stage.transfer(by="ann", to=queue("billing"))
    assert await stage.offer("ann") is None
    await stage.customer_writes("me too", v="w", to=queue("billing"))
    found = await stage.offer("ann")
    assert found is not None
    assert found.id == "w~1"
    await stage.accept("ann")
    await stage.pass_time(300)
    assert await stage.customer_saw() == UNSERVED


@scenario("A-13", spec=("R-T3", "R-Q3", "D-14", "I12"))
async def a_transfer_goes_before_ordinary_invites_which_follow_by_age(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person(is_ready=False, capacity={"chat": 6}))
    await stage.given_conversation("ann")
    for n in range(5):
        await stage.customer_writes("hello", v=f"w{n}", to=queue("billing"))
        await stage.pass_time(1)
    await stage.transfer(by="ann", to=queue("billing"))
    assert await stage.waiting("billing") == 6
    await stage.ready("bob")
    served = []
    for _ in range(6):
        found = await stage.offer("bob")
        assert found is not None
        served.append(found.id)
        await stage.accept("bob")
    assert served == ["v~2", "w0~1", "w1~1", "w2~1", "w3~1", "w4~1"]
    assert await stage.state("bob") == "BUSY 6/6"


@scenario("A-14", spec=("R-Q2", "R-Q7"))
async def steps_open_in_their_time_and_the_lowest_step_is_asked_first(stage: Stage) -> None:
    steps = (Step(expression="expert >= 5", wait_s=20), Step(expression=""))
    await stage.given_queues(Line(id="billing", steps=steps), "front")
    await stage.given_agents(
        ann=Person(queues=("front",)),
        bob=Person(is_ready=False, skills={"expert": 7}),
        cat=Person(skills={"expert": 2}),
        dan=Person(is_ready=False),
    )
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.pass_time(19.9)
    assert await stage.offered("bob", "cat", "dan") == []
    await stage.pass_time(0.1)
    assert await stage.offered("bob", "cat", "dan") == ["cat"]
    await stage.pass_time(10)
    await stage.ready("dan")
    await stage.pass_time(10)
    await stage.ready("bob")
    await stage.pass_time(10)
    assert await stage.offered("bob", "cat", "dan") == ["bob"]


@scenario("A-14", spec=("R-Q2", "R-Q7", "R-O4", "F-18"))
async def steps_and_pauses_that_end_during_an_offer_count_when_the_invite_comes_back(stage: Stage) -> None:
    steps = (Step(expression="expert >= 5", wait_s=20), Step(expression=""))
    await stage.given_queues(Line(id="billing", steps=steps), "front")
    await stage.given_agents(
        ann=Person(queues=("front",)),
        bob=Person(skills={"expert": 7}),
        cat=Person(skills={"expert": 1}),
        dan=Person(skills={"expert": 7}),
    )
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.decline("bob")
    assert await stage.offered("bob", "cat", "dan") == ["dan"]
    await stage.pass_time(30)
    # Bob's pause is over as well, but he has been asked before and Cat has not.
    assert await stage.offered("bob", "cat", "dan") == ["cat"]
