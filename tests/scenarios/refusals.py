"""What is refused, and that nothing has happened then: A-19, A-27, A-28, A-32 of domain section 8."""

from .stage import Stage, agent, queue, scenario
from .values import Line, Person

FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL} שלום e\N{COMBINING ACUTE ACCENT}"


@scenario("A-19", spec=("R-T7", "R-C7"))
async def bad_targets_are_refused_and_nobody_moves(stage: Stage) -> None:
    await stage.given_agents(ann=Person(), bob=Person(), dan=Person(capacity={"chat": 1}))
    await stage.given_conversation("ann", "bob")
    await stage.given_conversation("dan", v="w")
    assert await stage.state("dan") == "BUSY 1/1"
    for invite in (stage.transfer, stage.conference):
        async with stage.refused("TARGET_IS_REQUESTER"):
            await invite(by="ann", to=agent("ann"))
        async with stage.refused("TARGET_ALREADY_PARTICIPANT"):
            await invite(by="ann", to=agent("bob"))
        async with stage.refused("TARGET_NOT_AVAILABLE"):
            await invite(by="ann", to=agent("dan"))
    assert (await stage.conversation()).agents == ("ann", "bob")
    assert await stage.customer_saw() == []
    assert await stage.desk("ann") == []


@scenario("A-27", spec=("R-G4", "D-12", "R-G11"))
async def notes_come_through_as_they_were_written_or_not_at_all(stage: Stage) -> None:
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    expected = {
        "": None,
        " \n\t ": None,
        "x" * 1_000: "x" * 1_000,
        FAMILY: FAMILY,
        "a\0b\x1b[31mc": "ab[31mc",
        "two\nlines\tand a tab": "two\nlines\tand a tab",
    }
    for number, (given, seen) in enumerate(expected.items(), start=2):
        await stage.conference(by="ann", to=agent("bob"), note=given)
        found = await stage.offer("bob")
        assert found is not None
        assert found.note == seen
        await stage.cancel(by="ann", invite=number)
    for too_long in ("x" * 1_001, "x" * 1_000_000):
        async with stage.refused("NOTE_TOO_LONG"):
            await stage.conference(by="ann", to=agent("bob"), note=too_long)
    assert await stage.customer_saw() == []


@scenario("A-28", spec=("R-G12", "R-L9", "F-10"))
async def strangers_and_former_participants_may_do_nothing(stage: Stage) -> None:
    await stage.given_agents("ann", "bob", "cat", "dan")
    await stage.given_conversation("ann", "bob", "cat")
    await stage.leave("cat")
    for name in ("cat", "dan"):
        async with stage.refused("NOT_A_PARTICIPANT"):
            await stage.transfer(by=name, to=agent("ann"))
        async with stage.refused("NOT_A_PARTICIPANT"):
            await stage.conference(by=name, to=agent("ann"))
        async with stage.refused("NOT_A_PARTICIPANT"):
            await stage.whisper(name, "psst")
        async with stage.refused("NOT_A_PARTICIPANT"):
            await stage.say(name, "hello")
    assert await stage.customer_saw() == ["Cat left the conversation"]


@scenario("A-28", spec=("R-G12", "R-O7"))
async def nobody_answers_another_agents_offer(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob", "cat")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    async with stage.refused("IDENTITY_MISMATCH"):
        await stage.accept("cat", "v~2")
    async with stage.refused("IDENTITY_MISMATCH"):
        await stage.decline("cat", "v~2")
    assert await stage.offered("bob", "cat") == ["bob"]


@scenario("A-32", spec=("R-G1", "R-L4"))
async def invites_in_the_wrong_place_are_refused_and_nobody_moves(stage: Stage) -> None:
    await stage.given_media_domain("voice", 1)
    await stage.given_queues("billing", Line(id="phone", media_domain="voice"))
    await stage.given_agents(ann=Person(), bob=Person(is_ready=False))
    await stage.given_conversation("ann")
    async with stage.refused("QUEUE_NOT_FOUND"):
        await stage.transfer(by="ann", to=queue("nowhere"))
    async with stage.refused("AGENT_NOT_FOUND"):
        await stage.transfer(by="ann", to=agent("nobody"))
    async with stage.refused("MEDIA_DOMAIN_MISMATCH"):
        await stage.transfer(by="ann", to=queue("phone"))
    await stage.transfer(by="ann", to=queue("billing"))
    async with stage.refused("NOT_A_PARTICIPANT"):
        await stage.transfer(by="ann", to=queue("billing"))
    await stage.close()
    async with stage.refused("CONVERSATION_CLOSED"):
        await stage.transfer(by="ann", to=queue("billing"))
    await stage.given_conversation("ann", v="w")
    await stage.customer_leaves("w")
    assert (await stage.conversation("w")).state == "CUSTOMER_LEFT"
    async with stage.refused("CONVERSATION_NOT_ACTIVE"):
        await stage.transfer(by="ann", to=queue("billing"), v="w")
    assert (await stage.conversation("w")).agents == ("ann",)


@scenario("A-32", spec=("R-G7",))
async def a_dry_run_checks_everything_and_does_nothing(stage: Stage) -> None:
    await stage.given_queues("billing")
    await stage.given_agents("ann", "bob")
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"), is_dry_run=True)
    assert (await stage.conversation()).agents == ("ann",)
    assert await stage.offer("bob") is None
    assert await stage.customer_saw() == []
    async with stage.refused("TARGET_IS_REQUESTER"):
        await stage.transfer(by="ann", to=agent("ann"), is_dry_run=True)
