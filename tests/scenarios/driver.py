"""The one door between a scenario and an engine: what each level of the tests has to be able to do.

Names are already whole here (the stage makes them unique); answers are the values of `values.py` and lines of text.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from .values import Attempt, Caller, Person, SeenConversation, SeenInvite, SeenOffer, Site

__all__ = ["Driver", "Numbered", "Opened"]

Numbered = list[tuple[int, str]]
"""Lines with their own numbers."""

Opened = Callable[..., AbstractAsyncContextManager["Driver"]]


class Driver(Protocol):
    """An engine under test. Every refusal is raised as RefusedError. All durations are virtual seconds."""

    async def apply(self, site: Site) -> None:
        """Apply settings without pruning."""

    async def configure_agent(self, agent: str, person: Person) -> None:
        """Apply one agent anew."""

    # --- agents

    async def attach(self, agent: str) -> None:
        """Open the desk and wait for its Welcome."""

    async def detach(self, agent: str) -> None:
        """End the stream, and wait until the engine knows."""

    async def set_ready(self, agent: str, domain: str, *, is_ready: bool) -> None:
        """Set readiness in one media domain, or (empty) in all."""

    async def log_out(self, agent: str) -> None:
        """Log out."""

    async def agent_state(self, agent: str, domain: str) -> str:
        """State with load and capacity, such as `ACTIVE 1/3`; RESERVED counts its reservation."""

    async def offers(self, agent: str) -> list[SeenOffer]:
        """The offers open on the desk."""

    async def desk(self, agent: str) -> list[str]:
        """Everything that reached the desk, in order, since it was first attached; complete as of now."""

    async def until_offered(self, agent: str) -> None:
        """Wait, in real time and with a deadline, until an offer is on the desk."""

    # --- the customer

    async def receive(
        self,
        channel: str,
        address: str,
        external_id: str,
        text: str | None,
        target: tuple[str, str] | None,
        customer: Caller,
    ) -> str:
        """Let the customer write, or (None) leave. The conversation's id, or nothing."""

    async def transcript(self, conversation: str) -> Numbered:
        """The customer's view."""

    async def deliveries(self, channel: str, conversation: str, count: int) -> Numbered:
        """What the adapter got for a conversation, each name once, waiting until there are `count`."""

    # --- conversations

    async def place(self, kind: str, conversation: str, agent: str, target: tuple[str, str], attempt: Attempt) -> bytes:
        """Transfer or conference; the encoded answer."""

    async def route(self, conversation: str, target: tuple[str, str]) -> None:
        """Place a ROUTE invite, as a service."""

    async def cancel(self, conversation: str, invite: int, agent: str) -> None:
        """Cancel an invite."""

    async def say(self, conversation: str, agent: str, text: str) -> None:
        """Send a message."""

    async def whisper(self, conversation: str, agent: str, text: str) -> None:
        """Whisper."""

    async def leave(self, conversation: str, agent: str) -> None:
        """Leave."""

    async def close(self, conversation: str) -> None:
        """Close, as a service."""

    async def accept(self, offer: str, agent: str, request_id: str) -> bytes:
        """Accept; the encoded answer."""

    async def decline(self, offer: str, agent: str) -> None:
        """Decline."""

    async def conversation(self, conversation: str) -> SeenConversation:
        """The conversation as it is."""

    async def invite(self, conversation: str, number: int) -> SeenInvite:
        """Any of its invites, also an ended one."""

    async def timeline(self, conversation: str, agent: str) -> Numbered:
        """The timeline as that agent reads it."""

    async def queue_counts(self, queue: str, conversation: str, agent: str) -> tuple[int, int]:
        """Available agents, less the asker and the participants; and waiting invites."""

    async def events(self, conversation: str) -> list[str]:
        """The names of all events of a conversation, in order."""

    async def faults(self) -> int:
        """How many plugin faults have been recorded."""

    # --- time and crashes

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and everything that falls due be durable."""

    async def crash(self, down_s: float) -> None:
        """Kill the engine and start it again that much later; desks are not attached afterwards."""
