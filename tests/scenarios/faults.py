"""Faults that systems of this kind have published: F-01 to F-26 of domain section 9, where no A-scenario shows them."""

from .stage import Stage, agent, queue, scenario
from .values import Line, Person, SeenConversation

TRANSFERRED = ["Your request is being transferred to Billing, please wait!", "Ann has left"]


@scenario("F-01", spec=("R-W4", "R-W5", "D-11"))
async def a_whisper_sent_after_the_others_left_is_refused_and_not_said_aloud(stage: Stage) -> None:
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann", "bob")
    await stage.leave("bob")
    async with stage.refused("NO_OTHER_AGENT"):
        await stage.whisper("ann", "he is cross")
    assert await stage.customer_saw() == ["Bob left the conversation"]
    assert await stage.timeline("ann") == ["- bob LEFT", "Bob left the conversation"]


@scenario("F-02", spec=("R-Q9", "R-L4"))
async def the_invite_that_ends_is_taken_out_even_when_a_better_one_has_come_before_it(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person(is_ready=False))
    await stage.given_conversation("ann")
    await stage.customer_writes("hello", v="w", to=queue("billing"))
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.customer_leaves("w")
    assert (await stage.invite(2)).state == "PARKED"
    assert await stage.waiting("billing") == 1
    await stage.ready("bob")
    assert await stage.desk("bob") == ["offer v~2"]


@scenario("F-06", spec=("R-A2", "R-O1", "INV-3", "I4"))
async def two_queues_cannot_both_take_an_agents_last_slot(stage: Stage) -> None:
    await stage.given_queues("billing", "sales", "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person(is_ready=False, capacity={"chat": 1}))
    await stage.given_conversation("ann")
    await stage.given_conversation("ann", v="w")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.transfer(by="ann", to=queue("sales"), v="w")
    await stage.ready("bob")
    assert await stage.state("bob") == "RESERVED 1/1"
    await stage.accept("bob")
    assert await stage.state("bob") == "BUSY 1/1"
    assert await stage.desk("bob") == [
        "offer v~2",
        "+ bob",
        "TRANSFER ACCEPTED bob",
        "You have joined the conversation",
    ]
    assert (await stage.invite(2, "w")).state == "PARKED"


@scenario("F-07", spec=("R-O7", "R-O2"))
async def a_late_answer_to_an_old_offer_touches_no_newer_one(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob", "cat")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.pass_time(30)
    async with stage.refused("OFFER_CLOSED"):
        await stage.accept("bob", "v~2")
    async with stage.refused("OFFER_CLOSED"):
        await stage.decline("bob", "v~2")
    await stage.not_ready("bob")
    await stage.log_out("bob")
    found = await stage.offer("cat")
    assert found is not None
    assert (found.id, found.offered_before) == ("v~3", 1)
    await stage.accept("cat")
    assert (await stage.conversation()).agents == ("cat",)


@scenario("F-11", spec=("R-Q5", "I11"))
async def a_freed_agent_is_offered_what_waits_in_any_of_his_queues(stage: Stage) -> None:
    await stage.given_queues("billing", "sales", "front")
    await stage.given_agents(
        ann=Person(queues=("front",)), bob=Person(capacity={"chat": 1}, queues=("billing", "sales"))
    )
    await stage.given_conversation("ann")
    await stage.given_conversation("bob", v="w", via="billing")
    await stage.transfer(by="ann", to=queue("sales"))
    assert await stage.offer("bob") is None
    await stage.close("w")
    assert await stage.offered("bob") == ["bob"]


@scenario("F-11", spec=("R-Q5", "R-A2"))
async def more_capacity_or_another_skill_brings_waiting_work_at_once(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person(queues=("front",)))
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    assert await stage.offer("bob") is None
    await stage.driver.configure_agent(stage.whole("bob"), Person())
    assert await stage.offered("bob") == ["bob"]


@scenario("F-12", spec=("R-G8", "R-T2", "I2"))
async def repeated_clicks_on_transfer_make_one_invite_and_one_set_of_notices(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    first = await stage.transfer(by="ann", to=queue("billing"), request_id="click")
    assert await stage.toasts("ann") == ["Transfer request placed successfully"]
    await stage.crash(1)
    await stage.attach("ann")
    assert await stage.transfer(by="ann", to=queue("billing"), request_id="click") == first
    assert await stage.transfer(by="ann", to=queue("billing"), request_id="click") == first
    assert await stage.customer_saw() == TRANSFERRED
    assert await stage.toasts("ann") == ["Transfer request placed successfully"]
    assert await stage.happened("InvitePlaced") == 2


@scenario("F-13", spec=("R-L3", "INV-4"))
async def closing_takes_the_offer_from_the_desk_and_frees_every_slot(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    await stage.conference(by="ann", to=queue("billing"))
    await stage.close()
    assert await stage.conversation() == SeenConversation(state="CLOSED", agents=())
    assert (await stage.invite(2)).state == "CLOSED"
    assert await stage.desk("bob") == ["offer v~2", "withdrawn v~2 REVOKED"]
    assert [await stage.state("ann"), await stage.state("bob")] == ["READY 0/3", "READY 0/3"]
    assert await stage.customer_saw() == ["The conversation has been closed"]


@scenario("F-14", spec=("R-G10", "R-L4"))
async def the_invite_of_an_ended_session_does_not_stand_in_the_way_of_the_customers_next_one(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents(ann=Person(is_ready=False))
    await stage.given_channel("web", to="billing")
    await stage.customer_writes("hello")
    await stage.customer_leaves()
    assert (await stage.invite(1)).state == "CUSTOMER_LEFT"
    await stage.customer_leaves()
    stage.forget("v")
    await stage.customer_writes("hello again")
    await stage.ready("ann")
    assert await stage.desk("ann") == ["offer v~1"]
    await stage.accept("ann")
    assert await stage.waiting("billing") == 0


@scenario("F-22", spec=("R-G10", "I2"))
async def a_leaving_brought_again_does_not_end_the_conversation_opened_since(stage: Stage) -> None:
    await stage.given_agents("ann")
    await stage.given_channel("web")
    await stage.customer_leaves(external_id="bye")
    await stage.given_conversation("ann")
    await stage.customer_leaves(external_id="bye")
    assert await stage.conversation() == SeenConversation(state="ACTIVE", agents=("ann",))


@scenario("F-17", spec=("D-15", "R-Q9"))
async def the_customer_reads_a_queues_display_name_and_never_its_id(stage: Stage) -> None:
    await stage.given_queues(Line(id="bxq", display_name="Billing"))
    await stage.given_agents("ann")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("bxq"))
    assert await stage.customer_saw() == TRANSFERRED


@scenario("F-18", spec=("R-O1", "R-O4", "R-Q7", "I4"))
async def each_search_asks_its_own_agent_and_who_declined_is_asked_last(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person(), cat=Person(), dan=Person())
    await stage.given_conversation("ann")
    await stage.given_conversation("ann", v="w")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.transfer(by="ann", to=queue("billing"), v="w")
    assert await stage.offered("bob", "cat", "dan") == ["bob", "cat"]
    await stage.decline("bob")
    assert await stage.offered("bob", "cat", "dan") == ["cat", "dan"]
    await stage.pass_time(10)
    assert await stage.offered("bob", "cat", "dan") == ["cat", "dan"]
    await stage.accept("dan", "v~3")
    async with stage.refused("OFFER_CLOSED"):
        await stage.accept("bob", "v~2")
    assert (await stage.conversation()).agents == ("dan",)


@scenario("F-21", spec=("R-O2", "R-O8", "R-C7", "R-C8"))
async def missed_declined_and_withdrawn_are_told_apart_everywhere(stage: Stage) -> None:
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    await stage.conference(by="ann", to=agent("bob"))
    await stage.pass_time(30)
    await stage.conference(by="ann", to=agent("bob"))
    await stage.decline("bob")
    await stage.conference(by="ann", to=agent("bob"))
    await stage.cancel(by="ann", invite=4)
    assert [(await stage.invite(n)).state for n in (2, 3, 4)] == ["NO_AGENT", "DECLINED", "CANCELLED"]
    assert await stage.desk("bob") == [
        "offer v~2",
        "withdrawn v~2 MISSED",
        "offer v~3",
        "withdrawn v~3 DECLINED",
        "offer v~4",
        "withdrawn v~4 REVOKED",
    ]
    placed = ("CONFERENCE PARKED", "Conference request has been successfully placed")
    assert [line for line in await stage.timeline("ann") if line not in placed] == [
        "CONFERENCE NO_AGENT",
        "No agents were available to join the conference conversation",
        "CONFERENCE DECLINED",
        "Bob declined the request",
        "CONFERENCE CANCELLED",
        "Conference request has been cancelled",
    ]


@scenario("F-22", spec=("R-G9", "I3", "R-L5"))
async def messages_arrive_once_and_in_order_across_a_reconnect_and_a_crash(stage: Stage) -> None:
    await stage.given_agents("ann")
    await stage.given_conversation("ann")
    await stage.customer_writes("one", external_id="first")
    await stage.customer_writes("one", external_id="first")
    await stage.detach("ann")
    await stage.customer_writes("two")
    await stage.crash(1)
    await stage.customer_writes("one", external_id="first")
    await stage.customer_writes("three")
    await stage.attach("ann")
    await stage.say("ann", "four")
    said = ["customer: one", "customer: two", "customer: three", "ann: four"]
    assert await stage.timeline("ann") == said
    assert await stage.customer_saw() == said


@scenario("F-24", spec=("R-T10", "R-G3", "I10"))
async def counters_agree_with_the_truth_also_after_a_crash(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person(capacity={"chat": 1}))
    for name in ("v", "w", "x"):
        await stage.given_conversation("ann", v=name)
        await stage.transfer(by="ann", to=queue("billing"), v=name)
    assert (await stage.waiting("billing"), await stage.available("billing")) == (2, 0)
    await stage.customer_leaves("w")
    await stage.accept("bob", "v~2")
    assert (await stage.waiting("billing"), await stage.state("bob")) == (1, "BUSY 1/1")
    await stage.crash(1)
    await stage.attach("ann")
    await stage.attach("bob")
    assert (await stage.waiting("billing"), await stage.state("bob")) == (1, "BUSY 1/1")
    assert await stage.state("ann") == "READY 0/3"
    assert [(await stage.conversation(v)).transfers for v in ("v", "w", "x")] == [1, 1, 1]
    await stage.leave("bob")
    assert (await stage.waiting("billing"), await stage.offered("bob")) == (0, ["bob"])


@scenario("F-26", spec=("R-L2", "R-L3", "R-C8", "INV-1"))
async def leave_cancel_and_close_during_an_open_invite_each_end_in_a_defined_state(stage: Stage) -> None:
    await stage.given_queues("billing", "front")
    await stage.given_agents(ann=Person(queues=("front",)), bob=Person(queues=("front",)), cat=Person())
    for name in ("v", "w", "x"):
        await stage.given_conversation("ann", "bob", v=name)
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.leave("bob")
    assert (await stage.conversation()).state == "QUEUED"
    assert await stage.offered("cat") == ["cat"]
    await stage.conference(by="ann", to=queue("billing"), v="w")
    await stage.cancel(by="bob", invite=3, v="w")
    assert await stage.conversation("w") == SeenConversation(state="ACTIVE", agents=("ann", "bob"), is_conference=True)
    async with stage.refused("INVITE_CLOSED"):
        await stage.cancel(by="bob", invite=2, v="w")
    await stage.conference(by="ann", to=queue("billing"), v="x")
    await stage.close("x")
    assert (await stage.invite(3, "x")).state == "CLOSED"
    assert await stage.offered("cat") == ["cat"]
    await stage.accept("cat")
    assert (await stage.conversation()).agents == ("cat",)
