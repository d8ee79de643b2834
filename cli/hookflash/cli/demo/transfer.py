"""The seed's first half: a conversation is transferred to a queue, one agent does not answer, the next one does.

And its end: a transfer that finds nobody.
"""

from __future__ import annotations

from typing import Final

from hookflash.cli.demo.centre import BILLING, FRONT, NIGHT, TECH
from hookflash.cli.demo.heard import Kind
from hookflash.cli.demo.stage import Scene, Stage
from hookflash.cli.output import word
from hookflash.cli.text import bare
from hookflash.cli.views import clock
from hookflash.sdk.client import Client
from hookflash.sdk.client import messages as m

__all__ = ["SCENES", "nobody_there"]

_NOTE: Final = "charged twice for invoice 1042, wants the money back"


async def the_customer_writes(stage: Stage) -> None:
    """Open the conversation; Ann of the front desk takes it."""
    await stage.screen.step("Before the story", "Agents can transfer an active conversation to another agent")
    await stage.customer_says("Hello, I have been charged twice this month.")
    offer = await stage.offered(stage.ann)
    await stage.accepted(stage.ann, offer)
    await stage.says(stage.ann, "Hello Maria, let me find somebody who can refund you.")


async def ann_lists_the_queues(stage: Stage) -> None:
    """Show the list of queues with the number of available agents in each."""
    await stage.screen.step("Transfer, step 1", "The agent will see a dropdown containing the list of all queues")
    await stage.screen.does(stage.ann.label, "asks for the queues")
    listed = await stage.ann.client.list_queues(m.ListQueuesRequest(conversation=stage.conversation))
    await stage.screen.queues(stage.ann.label, listed.queues)
    evidence = stage.evidence
    evidence.listed = {queue.display_name: queue.stats.available for queue in listed.queues}
    names = {queue.name: queue.display_name for queue in listed.queues}
    for name in (FRONT, BILLING, TECH, NIGHT):
        # Counted by the agents themselves, so that the list is compared with something it was not made from.
        ready = m.ListAgentsRequest(queue=name, state=m.AgentState.AGENT_STATE_READY)
        agents = (await stage.admin.list_agents(ready)).agents
        evidence.ready_others[names.get(name, name)] = sum(each.name != stage.ann.person.name for each in agents)


async def ann_transfers(stage: Stage) -> None:
    """Place the transfer with a note; Ann and the customer are told, each in the seed's order."""
    await stage.screen.step(
        "Transfer, steps 2 and 3", "the agent can optionally type a message for the receiving agent"
    )
    await stage.screen.does(stage.ann.label, f"transfers to Billing, with the note: {_NOTE}")
    invite = await _transfer(stage, stage.ann.client, BILLING, _NOTE)
    stage.evidence.transfer, stage.evidence.transfer_note = invite, _NOTE
    await stage.screen.step("Transfer, step 4", "The agent will see two notifications.")
    await stage.told(Kind.TOAST, stage.ann)
    state = await stage.ann.state()
    text = f"{word(state, 'state')} in {state.media_domain}, {state.active} of {state.capacity} conversations"
    await stage.screen.answer(stage.ann.label, "state", text)
    await stage.screen.step("Transfer, step 5", "The chat will be parked in the transferred queue on priority.")
    await stage.screen.answer(stage.ann.label, "invite", _told(invite))
    await stage.screen.step("Transfer, step 6", "The customer sees a notification")
    await stage.told(Kind.NOTICE, stage.customer, count=2)


async def bob_does_not_answer(stage: Stage) -> None:
    """Let an offer pass; the search goes on to the next agent."""
    await stage.screen.step(
        "Transfer, step 7", "If the other agent does not accept the request, the system keeps on looking"
    )
    offer = await stage.offered(stage.bob)
    await stage.screen.does(stage.bob.label, f"does not answer until {clock(offer.expire_time)}")
    withdrawn = await stage.bob.log.until(Kind.WITHDRAWN)
    stage.evidence.missed = withdrawn.text
    await stage.screen.hears(stage.bob)


async def cleo_accepts(stage: Stage) -> None:
    """Show the offer as the receiving agent sees it; accept it and read what went before."""
    await stage.screen.step("Receiving a transfer, step 1", "A transfer request notification will be received")
    offer = await stage.offered(stage.cleo)
    await stage.screen.step("Receiving a transfer, steps 2 and 3", "Click the Accept button to accept the conversation")
    await stage.accepted(stage.cleo, offer)
    await stage.says(stage.cleo, "I see both payments, one goes back to you today.")


SCENES: Final[tuple[Scene, ...]] = (
    the_customer_writes, ann_lists_the_queues, ann_transfers, bob_does_not_answer, cleo_accepts,
)  # fmt: skip


async def nobody_there(stage: Stage) -> None:
    """Transfer to a queue that nobody serves: the search ends in time and the customer is told."""
    await stage.screen.step("Transfer, step 8", "If no agent is found, The request is timed out.")
    await stage.screen.does(stage.dan.label, "transfers to Night Shift, where nobody is")
    invite = await _transfer(stage, stage.dan.client, NIGHT, "")
    await stage.told(Kind.TOAST, stage.dan)
    await stage.screen.answer(stage.dan.label, "invite", _told(invite))
    for count in (2, 1):
        await stage.told(Kind.NOTICE, stage.customer, count=count)
    evidence = stage.evidence
    evidence.unserved = await stage.admin.get_invite(m.GetInviteRequest(name=invite.name))
    evidence.at_the_end = await stage.admin.get_conversation(m.GetConversationRequest(name=stage.conversation))
    await stage.screen.answer("Admin", "invite", _told(evidence.unserved))
    await stage.screen.answer("Admin", "state", f"the conversation is {word(evidence.at_the_end, 'state')}")


async def _transfer(stage: Stage, client: Client, queue: str, note: str) -> m.Invite:
    request = m.TransferRequest(name=stage.conversation, target=m.Target(queue=queue))
    if note:
        request.note = note
    return await client.transfer(request)


def _told(invite: m.Invite) -> str:
    searched = f"{word(invite, 'kind')} to {bare(invite.target.queue)}, priority {invite.priority}"
    return f"{searched}, {word(invite, 'state')}, ends {clock(invite.expire_time)}"
