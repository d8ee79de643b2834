"""The seed's second half: a conference, a server that dies while an agent is being asked, whispers, and who leaves.

The whispers are shown twice, as the agents see them and where the customer would: there they are not.
"""

from __future__ import annotations

import asyncio
from typing import Final

from hookflash.cli.demo.centre import NIGHT, TECH
from hookflash.cli.demo.heard import Kind
from hookflash.cli.demo.screen import SERVER_LABEL
from hookflash.cli.demo.stage import Scene, Stage
from hookflash.sdk.client import messages as m

__all__ = ["SCENES"]

_NOTE: Final = "please look at why the billing run went twice"
_WHISPERS: Final = ("The script ran twice, do not promise a date yet.", "Understood, I only confirm the refund.")


async def cleo_adds_an_agent(stage: Stage) -> None:
    """Place a conference with a note; Cleo stays and is told in two ways, the customer is not told."""
    await stage.screen.step("Conference, step 1", "A dropdown will appear with a list of all available queues")
    await stage.screen.does(stage.cleo.label, "asks for the queues")
    listed = await stage.cleo.client.list_queues(m.ListQueuesRequest(conversation=stage.conversation))
    await stage.screen.queues(stage.cleo.label, listed.queues)
    await stage.screen.step("Conference, steps 2 to 5", "Type a message for the receiving agent.")
    await stage.screen.does(stage.cleo.label, f"adds Technical Support, with the note: {_NOTE}")
    request = m.ConferenceRequest(name=stage.conversation, target=m.Target(queue=TECH), note=_NOTE)
    stage.evidence.conference = await stage.cleo.client.conference(request)
    stage.evidence.conference_note = _NOTE
    await stage.screen.step("Conference, steps 7 and 8", "The first agent can see a toaster notification")
    await stage.told(Kind.NOTICE, stage.cleo)
    await stage.screen.step(
        "Conference, step 9", "Special indication that this is a Conference Chat request from Agent1"
    )
    await stage.offered(stage.dan)


async def the_server_dies(stage: Stage) -> None:
    """Kill the server while Dan is being asked; started again, it asks him the same until the same moment."""
    await stage.screen.step("Not in the seed: the server is killed while Dan is being asked")
    pid = stage.server.pid
    await stage.server.kill()
    await stage.screen.does(SERVER_LABEL, f"process {pid} is killed with SIGKILL")
    started = asyncio.get_running_loop().time()
    await stage.server.start()
    took_s = asyncio.get_running_loop().time() - started
    text = f"process {stage.server.pid} has read the journal and listens again, after {took_s:.1f} s"
    await stage.screen.does(SERVER_LABEL, text)
    for desk in stage.desks:
        welcome = await desk.log.until(Kind.WELCOME)
        for offer in welcome.offers:
            await stage.screen.offer_again(desk.label, offer)
            if desk is stage.dan:
                stage.evidence.offer_again.CopyFrom(offer)
        await stage.screen.hears(desk)


async def dan_joins(stage: Stage) -> None:
    """Accept the offer of before; everybody is told, and Dan reads what was said."""
    await stage.screen.step("Conference, step 10", "Agent2 joins the conversation as the Primary Participant.")
    await stage.accepted(stage.dan, stage.evidence.offer_again, stage.cleo)
    await stage.screen.step("Conference, step 10.4", "Agent2 can also see all the message exchange")
    entries = [each for each in await stage.dan.timeline(stage.conversation) if each.HasField("message")]
    for entry in entries:
        await stage.screen.answer(stage.dan.label, "message", entry.message.text)
    stage.evidence.read = [each.message.text for each in entries]
    stage.evidence.said = list(stage.said)


async def agents_whisper(stage: Stage) -> None:
    """Let both whisper; show the agents' side and the customer's side by side."""
    await stage.screen.step("Whisper", "customers cannot see the whispered communication")
    for desk, text in zip((stage.dan, stage.cleo), _WHISPERS, strict=True):
        await stage.screen.does(desk.label, "whispers")
        await desk.client.whisper(m.WhisperRequest(name=stage.conversation, text=text))
        stage.evidence.whispers.append(text)
        await stage.told(Kind.WHISPER, stage.cleo, stage.dan)
    await stage.screen.step("Whisper, both sides", "All whisper messages are stored as part of the conversation")
    timelines = {desk.label: await desk.timeline(stage.conversation) for desk in (stage.cleo, stage.dan)}
    for label, timeline in timelines.items():
        whispers = [each.whisper.text for each in timeline if each.HasField("whisper")]
        stage.evidence.whispers_seen[label] = whispers
    await stage.screen.views(timelines[stage.cleo.label], await stage.customer.transcript(stage.conversation))


async def the_first_agent_leaves(stage: Stage) -> None:
    """Let Cleo leave; Dan and the customer go on."""
    await stage.screen.step(
        "Conference, step 11", "if the first agent leaves the conversation, the conference will still continue"
    )
    await stage.screen.does(stage.cleo.label, "leaves")
    await stage.cleo.client.leave(m.LeaveRequest(name=stage.conversation))
    await stage.told(Kind.NOTICE, stage.dan, stage.customer)
    await stage.customer_says("Thank you. Will it happen again?", stage.dan)
    await stage.says(stage.dan, "No, the second run is switched off.")
    request = m.GetConversationRequest(name=stage.conversation)
    stage.evidence.after_leaving = await stage.dan.client.get_conversation(request)


async def nobody_to_add(stage: Stage) -> None:
    """Ask for one more agent where nobody is: the agents are told, the customer is not."""
    await stage.screen.step("Conference, step 12", "No agents available. The request will be canceled.")
    await stage.screen.does(stage.dan.label, "adds Night Shift, where nobody is")
    await stage.dan.client.conference(m.ConferenceRequest(name=stage.conversation, target=m.Target(queue=NIGHT)))
    for _ in ("placed", "ended"):
        await stage.told(Kind.NOTICE, stage.dan)


SCENES: Final[tuple[Scene, ...]] = (
    cleo_adds_an_agent, the_server_dies, dan_joins, agents_whisper, the_first_agent_leaves, nobody_to_add,
)  # fmt: skip
