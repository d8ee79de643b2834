"""The commands of the desk: one line in, one call of the API out, and a sentence where it is refused.

A refusal never ends the desk; only `quit` and the end of the input do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from hookflash.cli.desk_state import DeskError
from hookflash.cli.failures import CommandError, failure_of
from hookflash.cli.reading import new_entries
from hookflash.cli.text import bare, plain, target_of

if TYPE_CHECKING:
    from hookflash.cli.desk import Desk
    from hookflash.cli.desk_state import OpenConversation
    from hookflash.sdk.client import messages as m

__all__ = ["carry_out"]

Words = list[str]


async def carry_out(desk: Desk, line: str) -> bool:
    """Carry out one line; False when the desk is to close."""
    from hookflash.sdk.client import HookflashError

    words = line.split()
    if not words:
        return True
    command, rest = words[0].lower(), words[1:]
    if command in ("quit", "exit"):
        return False
    try:
        await _carried_out(command)(desk, rest)
    except DeskError as error:
        desk.show((f"! {error}", "red"))
    except (CommandError, HookflashError) as error:
        desk.show((f"! {failure_of(error).sentence}", "red"))
    return True


def _carried_out(command: str) -> Callable[[Desk, Words], Awaitable[None]]:
    if command not in _COMMANDS:
        raise DeskError(f"{plain(command)} is no command; `help` lists them.")
    return _COMMANDS[command][0]


async def _accept(desk: Desk, words: Words) -> None:
    from hookflash.sdk.client import messages as m

    number, offer = desk.state.chosen_offer(words)
    is_new = offer.conversation not in desk.state.conversations
    conversation = desk.state.conversation(offer.conversation)
    conversation.customer = offer.customer_name
    conversation.waiting = []
    try:
        await desk.session.client.accept_offer(m.AcceptOfferRequest(name=offer.name))
    except BaseException:
        conversation.waiting = None
        if is_new:
            desk.state.leave(offer.conversation)
        raise
    desk.state.offers.pop(number, None)
    desk.forget_reminders(offer.name)
    desk.show((f"#{conversation.number} ", "bold blue"), (f"You are in {bare(offer.conversation)}.", "bold"))
    await _show_history(desk, conversation)


async def _show_history(desk: Desk, conversation: OpenConversation) -> None:
    """Show what lies before what comes live; `sequence` tells where they meet."""
    if conversation.waiting is None:
        conversation.waiting = []
    try:
        entries = await new_entries(desk.session, conversation.name, desk.state.agent, seen=0)
        for entry in entries:
            desk.show_entry(conversation, entry)
    finally:
        waiting, conversation.waiting = conversation.waiting, None
        for entry in waiting:
            desk.show_entry(conversation, entry)


async def _decline(desk: Desk, words: Words) -> None:
    from hookflash.sdk.client import messages as m

    number, offer = desk.state.chosen_offer(words)
    await desk.session.client.decline_offer(m.DeclineOfferRequest(name=offer.name, reason=" ".join(words[1:])))
    desk.state.offers.pop(number, None)
    desk.forget_reminders(offer.name)
    desk.show((f"offer {number} is declined", "dim"))


async def _say(desk: Desk, words: Words) -> None:
    from hookflash.sdk.client import messages as m

    conversation, text = desk.state.chosen_conversation(words)
    request = m.SendMessageRequest(name=conversation.name, agent=desk.state.agent, text=_text(text, "say"))
    await desk.session.client.send_message(request)


async def _whisper(desk: Desk, words: Words) -> None:
    from hookflash.sdk.client import messages as m

    conversation, text = desk.state.chosen_conversation(words)
    request = m.WhisperRequest(name=conversation.name, agent=desk.state.agent, text=_text(text, "whisper"))
    await desk.session.client.whisper(request)


async def _transfer(desk: Desk, words: Words) -> None:
    from hookflash.sdk.client import messages as m

    conversation, target, note = _placed(desk, words, "transfer")
    request = m.TransferRequest(name=conversation.name, agent=desk.state.agent, target=target, note=note)
    await desk.session.client.transfer(request)
    desk.state.leave(conversation.name)


async def _conference(desk: Desk, words: Words) -> None:
    from hookflash.sdk.client import messages as m

    conversation, target, note = _placed(desk, words, "conference")
    request = m.ConferenceRequest(name=conversation.name, agent=desk.state.agent, target=target, note=note)
    await desk.session.client.conference(request)


def _placed(desk: Desk, words: Words, command: str) -> tuple[OpenConversation, m.Target, str | None]:
    from hookflash.sdk.client import messages as m

    conversation, rest = desk.state.chosen_conversation(words)
    if not rest:
        raise DeskError(f"Say to whom: {command} queue:billing [note], or {command} agent:bob [note].")
    kind, name = target_of(rest[0])
    target = m.Target(queue=name) if kind == "queue" else m.Target(agent=name)
    return conversation, target, " ".join(rest[1:]) or None


async def _leave(desk: Desk, words: Words) -> None:
    from hookflash.sdk.client import messages as m

    conversation, _ = desk.state.chosen_conversation(words)
    await desk.session.client.leave(m.LeaveRequest(name=conversation.name, agent=desk.state.agent))
    desk.state.leave(conversation.name)
    desk.show((f"You left {bare(conversation.name)}.", ""))


async def _close(desk: Desk, words: Words) -> None:
    from hookflash.sdk.client import messages as m

    conversation, rest = desk.state.chosen_conversation(words)
    await desk.session.client.close_conversation(
        m.CloseConversationRequest(name=conversation.name, reason=" ".join(rest))
    )
    desk.state.leave(conversation.name)
    desk.show((f"You closed {bare(conversation.name)}.", ""))


async def _timeline(desk: Desk, words: Words) -> None:
    conversation, _ = desk.state.chosen_conversation(words)
    conversation.shown.clear()
    await _show_history(desk, conversation)


async def _ready(desk: Desk, words: Words) -> None:
    await _set_ready(desk, words, is_ready=True)


async def _not_ready(desk: Desk, words: Words) -> None:
    await _set_ready(desk, words, is_ready=False)


async def _set_ready(desk: Desk, words: Words, *, is_ready: bool) -> None:
    from hookflash.sdk.client import messages as m

    state = m.Readiness.READINESS_READY if is_ready else m.Readiness.READINESS_NOT_READY
    await desk.session.client.set_agent_state(
        m.SetAgentStateRequest(agent=desk.state.agent, state=state, reason=" ".join(words))
    )


async def _logout(desk: Desk, words: Words) -> None:
    from hookflash.sdk.client import messages as m

    await desk.session.client.logout(m.LogoutRequest(agent=desk.state.agent, reason=" ".join(words)))


async def _queues(desk: Desk, words: Words) -> None:
    from hookflash.sdk.client import messages as m

    chosen = desk.state.chosen_conversation(words)[0].name if len(desk.state.conversations) == 1 or words else ""
    request = m.ListQueuesRequest(agent=desk.state.agent, conversation=chosen)
    for queue in (await desk.session.client.list_queues(request)).queues:
        figures = f"{queue.stats.available} available, {queue.stats.waiting} waiting"
        desk.show((f"  queue:{bare(queue.name)}  ", "bold"), (f"{plain(queue.display_name)}  {figures}", ""))


async def _offers(desk: Desk, _words: Words) -> None:
    if not desk.state.offers:
        desk.show(("There is no offer.", ""))
    for number, offer in desk.state.offers.items():
        desk.show_offer(number, offer)


async def _conversations(desk: Desk, _words: Words) -> None:
    if not desk.state.conversations:
        desk.show(("You are in no conversation.", ""))
    for each in desk.state.conversations.values():
        desk.show(
            (f"#{each.number} ", "bold blue"), (f"{bare(each.name)} with {plain(each.customer or 'the customer')}", "")
        )


async def _help(desk: Desk, _words: Words) -> None:
    for usage, line in (*(each[1:] for each in _COMMANDS.values()), ("quit", "close the desk")):
        desk.show((f"  {usage:<42}", "bold"), (line, ""))
    desk.show(("  #N names a conversation; it may be left out where there is only one.", "dim"))


def _text(words: Words, command: str) -> str:
    if not words:
        raise DeskError(f"Say what: {command} [#N] TEXT.")
    return " ".join(words)


_COMMANDS: Final[dict[str, tuple[Callable[[Desk, Words], Awaitable[None]], str, str]]] = {
    "ready": (_ready, "ready", "take new work"),
    "notready": (_not_ready, "notready [reason]", "take no new work"),
    "offers": (_offers, "offers", "list open offers"),
    "accept": (_accept, "accept [N]", "accept an offer"),
    "decline": (_decline, "decline [N] [reason]", "decline an offer"),
    "conversations": (_conversations, "conversations", "list your conversations"),
    "say": (_say, "say [#N] TEXT", "say something to everybody, the customer included"),
    "whisper": (_whisper, "whisper [#N] TEXT", "say something to the agents only"),
    "queues": (_queues, "queues [#N]", "list queues, with how many agents are available"),
    "transfer": (_transfer, "transfer [#N] queue:ID|agent:ID [note]", "hand the conversation on and leave"),
    "conference": (_conference, "conference [#N] queue:ID|agent:ID [note]", "add an agent and stay"),
    "leave": (_leave, "leave [#N]", "leave the conversation"),
    "close": (_close, "close [#N] [reason]", "end the conversation for everybody"),
    "timeline": (_timeline, "timeline [#N]", "show the conversation from its beginning"),
    "logout": (_logout, "logout", "log out: your conversations go on without you"),
    "help": (_help, "help", "list the commands"),
}
