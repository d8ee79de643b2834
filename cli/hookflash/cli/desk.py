"""`hookflash agent attach`: a desk in a terminal, line by line, for people and for pipes.

Two things go on at once: the agent's stream, which this module shows, and the lines that are typed, which
`desk_commands.py` carries out. While the stream is open the agent is logged in.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from hookflash.cli.desk_commands import carry_out
from hookflash.cli.desk_state import DeskState, OpenConversation
from hookflash.cli.failures import ExitCode
from hookflash.cli.output import state_style, word
from hookflash.cli.text import bare, ordinal, plain, shown_duration
from hookflash.cli.timeline_lines import entry_parts

if TYPE_CHECKING:
    from hookflash.cli.desk_input import Lines
    from hookflash.cli.session import Session
    from hookflash.sdk.client import messages as m

__all__ = ["Desk"]

_REMINDED_AT_S: Final = (20.0, 10.0, 5.0)


class Desk:
    """One agent's desk, from attaching to quitting."""

    def __init__(self, session: Session, agent: str) -> None:
        self.session = session
        self.state = DeskState(agent)
        self._is_prompted = False
        self._reminders: dict[str, list[asyncio.TimerHandle]] = {}

    async def run(self, lines: Lines, *, is_ready_wanted: bool = False) -> int:
        """Attach, and carry out lines until `quit`, the end of input, or the stream's end."""
        self._is_prompted = lines.is_terminal and sys.stdout.isatty()
        attached = asyncio.Event()
        stream = asyncio.create_task(self._follow(attached))
        typed = asyncio.create_task(self._obey(lines, attached, is_ready_wanted=is_ready_wanted))
        done, pending = await asyncio.wait((stream, typed), return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            task.result()
        if typed in done and self.state.is_attached and (self.state.conversations or self.state.offers):
            grace = shown_duration(self.state.grace_s)
            self.session.say(f"The desk is closed. What is open waits for you for {grace}; attach again in time.")
        return ExitCode.OK

    def show(self, *parts: tuple[str, str]) -> None:
        """Print one line above the prompt."""
        if self._is_prompted:
            print("\r\x1b[K", end="")
        self.session.printer.styled(parts)
        self.prompt()

    def prompt(self) -> None:
        """Print the prompt again, where somebody types."""
        if self._is_prompted:
            print(f"\r\x1b[K{bare(self.state.agent)}> ", end="", flush=True)

    def show_entry(self, conversation: OpenConversation, entry: m.TimelineEntry) -> None:
        """Show an entry of a Timeline once."""
        if entry.sequence in conversation.shown:
            return
        conversation.shown.add(entry.sequence)
        self.show(self._mark(conversation), *entry_parts(entry, viewer=self.state.agent))

    def show_offer(self, number: int, offer: m.Offer) -> None:
        """Show an offer with all that helps to decide."""
        heading = offer.heading or f"{word(offer, 'kind').lower()} with customer {offer.customer_name}"
        left_s = offer.expire_time.seconds + offer.expire_time.nanos / 1e9 - time.time()
        place = plain(offer.queue_display_name or bare(offer.queue) or "you by name")
        asked = f", {ordinal(offer.offered_before + 1)} agent asked" if offer.offered_before else ""
        known = "identified" if offer.customer_identified else "not identified"
        channel = plain(offer.channel_kind or bare(offer.channel))
        customer = f"{plain(offer.customer_name)} ({known})"
        self.show((f"OFFER {number}  ", "bold yellow"), (plain(heading), "bold"))
        self.show((f"  for {place}, by {channel}, customer {customer}{asked}, {shown_duration(left_s)} left", ""))
        if offer.note:
            self.show(("  note: ", "dim"), (plain(offer.note), "italic"))
        self.show((f"  accept {number} | decline {number}", "dim"))

    async def _obey(self, lines: Lines, attached: asyncio.Event, *, is_ready_wanted: bool) -> None:
        lines.start()
        await attached.wait()
        if is_ready_wanted:
            await carry_out(self, "ready")
        self.prompt()
        async for line in lines:
            if not await carry_out(self, line):
                return
            self.prompt()

    async def _follow(self, attached: asyncio.Event) -> None:
        async with aclosing(self.session.client.attach(self.state.agent)) as updates:
            async for update in updates:
                self._take(update)
                attached.set()

    def _take(self, update: m.AttachResponse) -> None:
        match update.WhichOneof("update"):
            case "welcome":
                self._welcome(update.welcome)
            case "offer_made":
                self._offered(update.offer_made.offer)
            case "offer_withdrawn":
                self._withdrawn(update.offer_withdrawn)
            case "timeline_update":
                self._entry(update.timeline_update.conversation, update.timeline_update.entry)
            case "agent_notice":
                self._notice(update.agent_notice)
            case "agent_changed":
                self._changed(update.agent_changed.agent)
            case "goodbye":
                self.show((f"The server ends the stream: {plain(update.goodbye.reason)}.", "yellow"))
            case _:
                pass  # A newer server's update: the next Welcome has what matters of it.

    def _welcome(self, welcome: m.Welcome) -> None:
        again = " again" if self.state.is_attached else ""
        self.state.state = ""
        self.state.welcome(welcome)
        self.show((f"Attached{again} as {bare(welcome.agent.name)}. `help` lists the commands.", "bold"))
        self._changed(welcome.agent)
        for each in self.state.conversations.values():
            self.show(self._mark(each), (f"{bare(each.name)} with {plain(each.customer or 'the customer')}", ""))
        for number, offer in self.state.offers.items():
            self.show_offer(number, offer)
            self._remind(number, offer)

    def _offered(self, offer: m.Offer) -> None:
        number = self.state.offered(offer)
        self.show_offer(number, offer)
        self._remind(number, offer)

    def _remind(self, number: int, offer: m.Offer) -> None:
        self.forget_reminders(offer.name)
        left_s = offer.expire_time.seconds + offer.expire_time.nanos / 1e9 - time.time()
        loop = asyncio.get_running_loop()

        def remind(at_s: float) -> None:
            self.show((f"offer {number}: {at_s:.0f} s left", "yellow"))

        self._reminders[offer.name] = [
            loop.call_later(left_s - at_s, remind, at_s) for at_s in _REMINDED_AT_S if left_s > at_s + 1.0
        ]

    def forget_reminders(self, offer: str) -> None:
        """Stop counting down for an offer that is decided."""
        for handle in self._reminders.pop(offer, ()):
            handle.cancel()

    def _withdrawn(self, withdrawn: m.OfferWithdrawn) -> None:
        self.forget_reminders(withdrawn.offer)
        number = self.state.withdrawn(withdrawn.offer)
        reason = withdrawn.reason or word(withdrawn, "outcome")
        if number is not None and reason != "ACCEPTED":
            self.show((f"offer {number} is over: {plain(reason)}", "yellow"))

    def _entry(self, name: str, entry: m.TimelineEntry) -> None:
        conversation = self.state.known(name) or self.state.conversation(name)
        if conversation.waiting is not None:
            conversation.waiting.append(entry)
            return
        self.show_entry(conversation, entry)
        # Only ParticipantLeft has this set: an unset field reads as an empty name.
        if entry.participant_left.participant.agent == self.state.agent:
            self.state.leave(name)

    def _notice(self, notice: m.AgentNotice) -> None:
        conversation = self.state.known(notice.conversation)
        mark = ("", "") if conversation is None else self._mark(conversation)
        is_toast = word(notice.notice, "style") == "TOAST"
        if not is_toast and conversation is not None:
            # It is on the Timeline too, and stands there in its place when the history is read.
            if conversation.waiting is not None:
                return
            conversation.shown.add(notice.sequence)
        self.show(mark, ("[toast] " if is_toast else "* ", "cyan"), (plain(notice.notice.text), "bold cyan"))

    def _changed(self, agent: m.Agent) -> None:
        state = ", ".join(f"{word(each, 'state')} ({each.media_domain})" for each in agent.domains)
        if state and state != self.state.state:
            self.state.state = state
            first = word(agent.domains[0], "state")
            self.show(("You are ", ""), (plain(state), state_style(first)), (".", ""))

    @staticmethod
    def _mark(conversation: OpenConversation) -> tuple[str, str]:
        return (f"#{conversation.number} ", "bold blue")
