"""Transfers: A-01, A-02, A-07 to A-14 of domain section 8."""

from .stage import Stage, agent, queue, scenario
from .values import SeenConversation, SeenInvite, SeenOffer

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
        "TRANSFER PARKED (vip)",
        "- ann TRANSFERRED",
        "Queue transfer request has been placed by Ann",
        "+ bob",
        "TRANSFER ACCEPTED bob",
        "You have joined the conversation",
    ]
    assert await stage.customer_saw() == [*TRANSFERRED, "Bob has joined the conversation"]
    assert len(await stage.desk("ann")) == 4
