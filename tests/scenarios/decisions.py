"""An invite that its strategy offers to several at once (R-O1)."""

from .stage import Stage, queue, scenario
from .values import Line, Person, SeenConversation

TRANSFERRED = ("Your request is being transferred to Billing, please wait!", "Ann has left")


@scenario("R-O1", spec=("R-Q8", "F-18"))
async def all_are_asked_at_once_and_the_first_to_accept_wins(stage: Stage) -> None:
    await stage.given_queues(Line(id="billing", strategy="offer_all"), "front")
    await stage.given_agents("bob", "cat", "dan", ann=Person(queues=("front",)))
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    assert await stage.offered("bob", "cat", "dan") == ["bob", "cat", "dan"]
    found = await stage.offer("dan")
    assert found is not None
    late = found.id
    await stage.decline("bob")
    assert await stage.offered("bob", "cat", "dan") == ["cat", "dan"]
    await stage.accept("cat")
    assert await stage.offered("bob", "cat", "dan") == []
    async with stage.refused("OFFER_CLOSED"):
        await stage.accept("dan", late)
    assert [await stage.state(name) for name in ("cat", "dan")] == ["ACTIVE 1/3", "READY 0/3"]
    assert await stage.conversation() == SeenConversation(state="ACTIVE", agents=("cat",), transfers=1)
    assert await stage.customer_saw() == [*TRANSFERRED, "Cat has joined the conversation"]


@scenario("R-O1", spec=("R-O3", "R-O9", "F-04", "A-31"))
async def every_open_offer_is_there_again_after_a_crash_and_the_invite_waits_when_all_are_over(stage: Stage) -> None:
    await stage.given_queues(Line(id="billing", strategy="offer_all"), "front")
    await stage.given_agents("bob", "cat", ann=Person(queues=("front",)))
    await stage.given_conversation("ann")
    await stage.transfer(by="ann", to=queue("billing"))
    await stage.crash()
    for name in ("bob", "cat"):
        await stage.attach(name)
    assert await stage.offered("bob", "cat") == ["bob", "cat"]
    await stage.not_ready("bob")
    assert await stage.offered("bob", "cat") == ["cat"]
    assert await stage.waiting("billing") == 0
    await stage.pass_time(30)
    assert await stage.offered("bob", "cat") == []
    assert (await stage.waiting("billing"), (await stage.invite(2)).priority) == (1, 11)
