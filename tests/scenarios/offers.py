"""Offers and the agents they are made to: A-06, A-10, A-22, A-24, A-25, A-30 of domain section 8."""

from .stage import Stage, agent, queue, scenario
from .values import Caller, Line, Person, SeenConversation, Site

TRANSFERRED = ["Your request is being transferred to Billing, please wait!", "Ann has left"]


@scenario("A-06", spec=("R-G3", "R-A1", "R-A3", "R-A4"))
async def the_count_of_a_queue_is_ready_plus_active_without_the_asker_and_the_participants(stage: Stage) -> None:
    await stage.given_media_domain("voice", 1)
    await stage.given_queues(Line(id="billing"), Line(id="front"))
    await stage.given_agents(
        "ann",
        busy=Person(capacity={"chat": 1}),
        active=Person(),
        pending=Person(),
        reserved=Person(),
        ready=Person(),
        off=Person(is_ready=False),
        talker=Person(is_ready=False),
    )
    await stage.given_conversation("ann")
    for name in ("busy", "active", "pending"):
        await stage.given_conversation(name, v=name)
    await stage.not_ready("pending")
    await stage.ready("talker", "voice")
    await stage.customer_writes("hello", v="r", to=agent("reserved"))
    assert [await stage.state(n) for n in ("ready", "active", "busy", "reserved", "off", "pending", "talker")] == [
        "READY 0/3",
        "ACTIVE 1/3",
        "BUSY 1/1",
        "RESERVED 1/3",
        "NOT_READY 0/3",
        "PENDING_NOT_READY 1/3",
        "NOT_READY 0/3",
    ]
    assert await stage.state("talker", "voice") == "READY 0/1"
    assert await stage.available("billing", v="v", by="ann") == 2
    assert await stage.available("billing") == 3


@scenario("A-10", spec=("R-O6", "R-G8", "I2"))
async def an_accept_repeated_joins_once_and_answers_the_same(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    answers = [
        await stage.accept("bob", "v~2", request_id="one"),
        await stage.accept("bob", "v~2", request_id="one"),
        await stage.accept("bob", "v~2", request_id="two"),
    ]
    assert answers[1:] == answers[:1] * 2
    assert await stage.customer_saw() == [*TRANSFERRED, "Bob has joined the conversation"]
    assert await stage.happened("ParticipantJoined") == 2
    assert await stage.state("bob") == "ACTIVE 1/3"


@scenario("A-22", spec=("R-L4", "R-O7", "R-Q7", "F-13"))
async def a_customer_leaving_during_an_offer_takes_it_back_and_costs_the_agent_nothing(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person())
    await stage.pass_time(5)
    await stage.given_agents("cat")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    assert await stage.offered("bob", "cat") == ["bob"]
    await stage.pass_time(5)
    await stage.customer_leaves()
    assert await stage.desk("bob") == ["offer v~2", "withdrawn v~2 REVOKED"]
    assert (await stage.invite(2)).state == "CUSTOMER_LEFT"
    assert (await stage.conversation()).state == "CLOSED"
    async with stage.refused("OFFER_CLOSED"):
        await stage.accept("bob", "v~2")
    assert await stage.state("bob") == "READY 0/3"
    await stage.customer_writes("next", v="w", to=queue("billing"))
    assert await stage.offered("bob", "cat") == ["bob"]


@scenario("A-24", spec=("R-L6", "F-04"))
async def an_agent_who_is_back_in_time_finds_the_same_offer(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob", "cat")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    before = await stage.offer("bob")
    await stage.detach("bob")
    assert await stage.state("bob") == "PENDING_NOT_READY 1/3"
    await stage.pass_time(10)
    await stage.attach("bob")
    after = await stage.offer("bob")
    assert before is not None
    assert after is not None
    assert (after.id, after.left_s) == (before.id, before.left_s - 10)
    await stage.accept("bob")
    assert (await stage.conversation()).agents == ("bob",)


@scenario("A-24", spec=("R-L6", "R-L7"))
async def an_agent_who_stays_away_misses_the_offer(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob", "cat")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.detach("bob")
    await stage.pass_time(29.9)
    assert await stage.offered("cat") == []
    await stage.pass_time(0.1)
    assert await stage.offered("cat") == ["cat"]
    assert await stage.state("bob") == "LOGGED_OUT 0/3"


@scenario("A-25", spec=("R-O8", "R-A1", "R-Q5"))
async def going_not_ready_gives_the_offer_to_the_next_agent_at_once(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person(), cat=Person(is_ready=False))
    await stage.given_conversation("ann")
    await stage.given_conversation("bob", v="w")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.ready("cat")
    await stage.not_ready("bob")
    assert await stage.desk("bob") == ["offer v~2", "withdrawn v~2 REVOKED"]
    assert await stage.offered("bob", "cat") == ["cat"]
    assert await stage.state("bob") == "PENDING_NOT_READY 1/3"


@scenario("A-25", spec=("R-O8", "R-L7"))
async def logging_out_during_an_offer_routes_his_conversation_anew(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(
        ann=Person(queues=("front",)), bob=Person(), cat=Person(is_ready=False, capacity={"chat": 1})
    )
    await stage.given_conversation("ann")
    await stage.given_conversation("bob", v="w", via="billing")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.ready("cat")
    await stage.log_out("bob")
    assert await stage.state("bob") == "LOGGED_OUT 0/3"
    assert await stage.offered("cat") == ["cat"]
    assert (await stage.conversation("w")).state == "QUEUED"
    assert (await stage.invite(2, "w")).priority == 11
    assert (await stage.invite(2, "v")).priority == 11


@scenario("A-30", spec=("R-Q8", "F-23"))
async def a_strategy_that_raises_or_names_strangers_leaves_the_default_to_decide(stage: Stage) -> None:
    await stage.given_queues(Line(id="billing", strategy="raises"), Line(id="sales", strategy="strangers"), "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person())
    await stage.given_conversation("ann")
    await stage.given_conversation("ann", v="w")
    before = await stage.driver.faults()
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.until_offered("bob")
    await stage.accept("bob")
    await stage.transfer(by="ann", to=queue("sales"), v="w")
    await stage.until_offered("bob")
    await stage.accept("bob")
    assert await stage.driver.faults() >= before + 2
    assert await stage.happened("DecisionMade") == 1
    assert await stage.conversation() == SeenConversation(state="ACTIVE", agents=("bob",), transfers=1)
    assert await stage.customer_saw() == [*TRANSFERRED, "Bob has joined the conversation"]


@scenario("A-30", spec=("R-Q6", "R-Q8"))
async def a_strategy_that_blocks_delays_its_own_queue_by_fifty_milliseconds_and_no_other(stage: Stage) -> None:
    await stage.given_queues(Line(id="billing", strategy="blocks"), "front", "other")
    await stage.given_agents(
        ann=Person(queues=("front",)), bob=Person(queues=("billing",)), cat=Person(queues=("other",))
    )
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.customer_writes("hello", v="w", to=queue("other"))
    assert await stage.offered("bob", "cat") == ["cat"]
    await stage.pass_time(0.05)
    assert await stage.offered("bob", "cat") == ["bob", "cat"]


@scenario("F-23", spec=("R-Q8",))
async def an_unknown_strategy_is_refused_by_name_and_never_replaced_in_silence(stage: Stage) -> None:
    async with stage.refused("INVALID_SETTING"):
        await stage.driver.apply(Site(queues=(Line(id="billing", strategy="no_such_strategy"),)))


@scenario("D-7", spec=("R-G5",))
async def an_offer_always_has_a_name_and_says_whether_the_customer_is_identified(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann")
    await stage.customer_writes("hello", to=queue("billing"), customer=Caller(name="Cora", is_identified=True))
    found = await stage.offer("ann")
    assert found is not None
    assert (found.customer_name, found.is_identified) == ("Cora", True)
    await stage.accept("ann")
    await stage.customer_writes("hello", v="w", to=queue("billing"), customer=Caller(name=""))
    unknown = await stage.offer("ann")
    assert unknown is not None
    assert (unknown.customer_name, unknown.is_identified) == ("w", False)
