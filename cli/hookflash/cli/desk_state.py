"""What a desk knows: the offers and conversations of its agent, each under a small number for typing.

A number stays with its offer or conversation for as long as the desk is open, also across a lost connection.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hookflash.cli.text import bare

if TYPE_CHECKING:
    from hookflash.sdk.client import messages as m

__all__ = ["DeskError", "DeskState", "OpenConversation"]


class DeskError(Exception):
    """A command that the desk cannot make sense of; the text is a sentence."""


@dataclass(slots=True, kw_only=True)
class OpenConversation:
    """A conversation of this agent, and which entries of its Timeline were shown."""

    number: int
    name: str
    customer: str = ""
    shown: set[int] = field(default_factory=set)
    # While its history is being read, what comes live waits here, so that the desk shows one order.
    waiting: list[m.TimelineEntry] | None = None


@dataclass(slots=True)
class DeskState:
    """Everything between two lines of a desk."""

    agent: str
    state: str = ""
    grace_s: float = 0.0
    is_attached: bool = False
    offers: dict[int, m.Offer] = field(default_factory=dict)
    conversations: dict[str, OpenConversation] = field(default_factory=dict)
    # What was left still has a few last words to come, under its old number.
    left: dict[str, OpenConversation] = field(default_factory=dict)
    _offers_so_far: int = 0
    _conversations_so_far: int = 0

    def welcome(self, welcome: m.Welcome) -> None:
        """Take everything from a Welcome; what is gone is forgotten."""
        self.is_attached = True
        self.grace_s = welcome.grace.ToTimedelta().total_seconds()
        open_now = {conversation.name for conversation in welcome.conversations}
        for name in [each for each in self.conversations if each not in open_now]:
            self.leave(name)
        for conversation in welcome.conversations:
            self.conversation(conversation.name).customer = conversation.customer.display_name
        offered = {offer.name for offer in welcome.offers}
        self.offers = {number: offer for number, offer in self.offers.items() if offer.name in offered}
        for offer in welcome.offers:
            self.offered(offer)

    def offered(self, offer: m.Offer) -> int:
        """Keep an offer and return its number."""
        for number, known in self.offers.items():
            if known.name == offer.name:
                return number
        self._offers_so_far += 1
        self.offers[self._offers_so_far] = offer
        return self._offers_so_far

    def withdrawn(self, name: str) -> int | None:
        """Forget an offer; return its number, or None where it was forgotten already."""
        for number, offer in self.offers.items():
            if offer.name == name:
                del self.offers[number]
                return number
        return None

    def conversation(self, name: str) -> OpenConversation:
        """Return a conversation that the agent is in, numbered now if it is new."""
        if name not in self.conversations:
            again = self.left.pop(name, None)
            if again is None:
                self._conversations_so_far += 1
                again = OpenConversation(number=self._conversations_so_far, name=name)
            self.conversations[name] = again
        return self.conversations[name]

    def known(self, name: str) -> OpenConversation | None:
        """Return a conversation that the agent is or was in."""
        return self.conversations.get(name) or self.left.get(name)

    def leave(self, name: str) -> None:
        """Count a conversation among those that were left."""
        conversation = self.conversations.pop(name, None)
        if conversation is not None:
            self.left[name] = conversation

    def chosen_offer(self, words: list[str]) -> tuple[int, m.Offer]:
        """Return the offer that a command means: by number, or the only one."""
        if words:
            number = int(words[0].lstrip("#")) if words[0].lstrip("#").isdigit() else 0
            if number in self.offers:
                return number, self.offers[number]
            raise DeskError(f"There is no offer {words[0]}; `offers` lists them.")
        if len(self.offers) != 1:
            raise DeskError("There is no offer." if not self.offers else "There are several offers; give a number.")
        return next(iter(self.offers.items()))

    def chosen_conversation(self, words: list[str]) -> tuple[OpenConversation, list[str]]:
        """Return the conversation that a command means, and the words that are left.

        `#1` and an id are always read as a conversation, a bare number only where there are several to choose from.
        """
        if words:
            for each in self.conversations.values():
                is_number = words[0] == str(each.number) and len(self.conversations) > 1
                if words[0] in (f"#{each.number}", each.name, bare(each.name)) or is_number:
                    return each, words[1:]
            if words[0].startswith("#") and words[0][1:].isdigit():
                raise DeskError(f"There is no conversation {words[0]}; `conversations` lists them.")
        if not self.conversations:
            raise DeskError("You are in no conversation.")
        if len(self.conversations) > 1:
            raise DeskError("You are in several conversations; put #NUMBER first. `conversations` lists them.")
        return next(iter(self.conversations.values())), words
