"""Who goes, and what becomes of the conversation: A-21, A-23, A-26, A-31 of domain section 8."""

from .stage import Stage, agent, queue, scenario
from .values import Person, SeenConversation

TRANSFERRED = ["Your request is being transferred to Billing, please wait!", "Ann has left"]
AGAIN = ["Ann left the conversation", "You are being connected to another agent, please wait!"]


@scenario("A-21", spec=("R-L4", "R-Q9", "F-26"))
async def a_customer_leaving_while_parked_ends_everything_without_a_word(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents(ann=Person(), bob=Person(is_ready=False))
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    assert await stage.waiting("billing") == 1
    await stage.customer_leaves()
    assert await stage.waiting("billing") == 0
    assert (await stage.invite(2)).state == "CUSTOMER_LEFT"
    assert await stage.conversation() == SeenConversation(state="CLOSED", agents=(), transfers=1)
    await stage.ready("bob")
    await stage.pass_time(400)
    assert await stage.desk("bob") == []
    assert await stage.customer_saw() == TRANSFERRED


@scenario("A-23", spec=("R-L5", "R-G9", "F-22"))
async def what_the_customer_writes_while_parked_is_read_once_and_in_order_by_who_joins(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents(ann=Person(), bob=Person(is_ready=False))
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    for text in ("m1", "m2", "m3"):
        await stage.customer_writes(text)
    await stage.ready("bob")
    await stage.accept("bob")
    assert await stage.timeline("bob") == [
        "TRANSFER PARKED",
        "- ann TRANSFERRED",
        "Queue transfer request has been placed by Ann",
        "customer: m1",
        "customer: m2",
        "customer: m3",
        "+ bob",
        "TRANSFER ACCEPTED bob",
        "You have joined the conversation",
    ]
    # What went out is what the customer saw less his own words: customer_saw compares the two.
    assert await stage.customer_saw() == [
        *TRANSFERRED,
        "customer: m1",
        "customer: m2",
        "customer: m3",
        "Bob has joined the conversation",
    ]


async def _lost(stage: Stage) -> None:
    """Ann is gone from both of her conversations."""
    assert await stage.conversation("v") == SeenConversation(
        state="QUEUED", agents=(), invite=await stage.invite(2, "v")
    )
    found = await stage.invite(2, "v")
    assert (found.kind, found.state, found.priority, found.requester) == ("ROUTE", "PARKED", 11, "")
    assert await stage.customer_saw("v") == AGAIN
    assert (await stage.conversation("w")).agents == ("bob",)
    assert await stage.customer_saw("w") == ["Ann left the conversation"]
    assert (await stage.desk("bob"))[-1] == "Ann left the conversation"
    assert await stage.waiting("front") == 1
    assert await stage.state("ann") == "LOGGED_OUT 0/3"


@scenario("A-26", spec=("R-L7", "R-L8", "R-A1"))
async def an_agent_who_logs_out_leaves_his_customers_to_the_queue_or_to_the_others(stage: Stage) -> None:
    await stage.given_queues("front", "billing")
    await stage.given_agents(ann=Person(), bob=Person(queues=("billing",)))
    await stage.given_conversation("ann", via="front")
    await stage.given_conversation("ann", "bob", v="w")
    await stage.log_out("ann")
    await _lost(stage)


@scenario("A-26", spec=("R-L6", "R-L7"))
async def an_agent_who_does_not_come_back_in_time_counts_as_logged_out(stage: Stage) -> None:
    await stage.given_queues("front", "billing")
    await stage.given_agents(ann=Person(), bob=Person(queues=("billing",)))
    await stage.given_conversation("ann", via="front")
    await stage.given_conversation("ann", "bob", v="w")
    await stage.detach("ann")
    await stage.pass_time(29.9)
    assert (await stage.conversation("v")).agents == ("ann",)
    await stage.pass_time(0.1)
    await _lost(stage)


@scenario("A-31", spec=("R-L6", "I1", "F-05"))
async def a_crash_before_the_transfer_leaves_the_agent_in_his_conversation(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    await stage.crash(5)
    assert (await stage.conversation()).agents == ("ann",)
    await stage.attach("ann")
    await stage.attach("bob")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.accept("bob")
    assert await stage.customer_saw() == [*TRANSFERRED, "Bob has joined the conversation"]


@scenario("A-31", spec=("R-O9", "I6", "I8", "F-05", "F-08"))
async def a_crash_while_parked_keeps_the_place_and_the_deadline(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents(ann=Person(), bob=Person(is_ready=False))
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.pass_time(100)
    await stage.crash(5)
    found = await stage.invite(2)
    assert (found.state, found.left_s, found.age_s) == ("PARKED", 195, 105)
    assert await stage.waiting("billing") == 1
    assert await stage.customer_saw() == TRANSFERRED
    await stage.attach("bob")
    await stage.ready("bob")
    await stage.accept("bob")
    assert await stage.customer_saw() == [*TRANSFERRED, "Bob has joined the conversation"]


@scenario("A-31", spec=("R-O9", "F-04"))
async def a_crash_during_an_offer_shows_the_same_offer_again(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"), note="vip")
    await stage.crash(5)
    assert await stage.state("bob") == "PENDING_NOT_READY 1/3"
    await stage.attach("bob")
    assert await stage.state("bob") == "RESERVED 1/3"
    found = await stage.offer("bob")
    assert found is not None
    assert (found.id, found.left_s, found.note) == ("v~2", 25, "vip")
    await stage.accept("bob")
    await stage.crash(5)
    assert (await stage.conversation()).agents == ("bob",)
    assert await stage.customer_saw() == [*TRANSFERRED, "Bob has joined the conversation"]


@scenario("A-31", spec=("R-O9", "I6"))
async def an_offer_that_fell_due_while_the_engine_was_down_counts_against_nobody(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.crash(60)
    assert await stage.state("bob") == "NOT_READY 0/3"
    found = await stage.invite(2)
    assert (found.state, found.left_s) == ("PARKED", 240)
    await stage.attach("bob")
    # No pause: he is asked again at once.
    assert await stage.offered("bob") == ["bob"]
    await stage.crash(600)
    assert (await stage.invite(2)).state == "NO_AGENT"
    assert await stage.customer_saw() == [*TRANSFERRED, "No agents were available"]
    assert await stage.state("bob") == "NOT_READY 0/3"


@scenario("A-31", spec=("R-O9", "R-T8"))
async def a_named_agents_offer_that_fell_due_while_the_engine_was_down_ends_the_invite(stage: Stage) -> None:
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=agent("bob"))
    await stage.crash(60)
    assert (await stage.invite(2)).state == "NO_AGENT"
    assert (await stage.conversation()).state == "UNATTENDED"
    assert (await stage.customer_saw())[-1] == "No agents were available"


@scenario("A-31", spec=("R-L6", "R-L7"))
async def who_does_not_come_back_after_a_crash_is_logged_out_when_the_full_grace_is_over(stage: Stage) -> None:
    await stage.given_queues("front")
    await stage.given_agents("ann")
    await stage.given_conversation("ann", via="front")
    await stage.crash(100)
    await stage.pass_time(29.9)
    assert (await stage.conversation()).agents == ("ann",)
    await stage.pass_time(0.1)
    assert (await stage.conversation()).state == "QUEUED"
    assert await stage.customer_saw() == AGAIN
