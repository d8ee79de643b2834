"""The obvious design: queues, agents and conversations as pykka threads that ask and tell, and a commit per event.

It does what a first version would do, and does it honestly: each event is a row in SQLite, synced before anything
follows from it, and an offer is a message from the queue to an agent. What it leaves out speaks for it: no timeouts, no
dedupe, no roles, no history, and no way back when a transfer stops half way, since each actor commits for itself.
"""

import json
import queue
import sqlite3
import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pykka

__all__ = ["AgentActor", "Centre", "ConversationActor", "Desk", "Journal", "QueueActor"]

Ref = pykka.ActorRef[Any]
Desk = queue.SimpleQueue[tuple[str, dict[str, str]]]
"""What a stream is fed with: the kind of an item and its fields."""


class Journal:
    """One row for each event, durable when `append` returns."""

    def __init__(self, path: Path) -> None:
        """Open it anew."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=16000"):
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        self._connection.execute(
            "CREATE TABLE events (position INTEGER PRIMARY KEY, subject TEXT NOT NULL, kind TEXT, body TEXT)"
        )

    def append(self, subject: str, kind: str, **fields: str) -> None:
        """Write an event and wait for the disk."""
        with self._lock:
            self._connection.execute(
                "INSERT INTO events (subject, kind, body) VALUES (?, ?, ?)", (subject, kind, json.dumps(fields))
            )


@dataclass(frozen=True)
class Invite:
    """A search for an agent; `joined` is what the customer is told when one was found."""

    conversation: Ref
    name: str
    excluded: frozenset[str]


class Centre:
    """Where actors find each other, and the journal that they share."""

    def __init__(self, journal: Journal) -> None:
        """Begin empty."""
        self.journal = journal
        self.queues: dict[str, Ref] = {}
        self.agents: dict[str, Ref] = {}
        self.conversations: dict[str, Ref] = {}
        self.offers: dict[str, Ref] = {}
        self.channels: dict[str, Desk] = {}


class QueueActor(pykka.ThreadingActor):
    """Who waits, and who has room."""

    def __init__(self, centre: Centre, name: str) -> None:
        """Begin without agents."""
        super().__init__()
        self._centre, self._name = centre, name
        self._waiting: deque[Invite] = deque()
        self._room: dict[str, int] = {}

    def on_receive(self, message: Any) -> None:  # noqa: ANN401  pykka's own signature
        """Take an invite, or hear of an agent's room; then offer what can be offered."""
        match message:
            case Invite():
                self._centre.journal.append(self._name, "InviteParked", conversation=message.name)
                self._waiting.append(message)
            case ("room", str(agent), int(slots)):
                self._room[agent] = self._room.get(agent, 0) + slots
        for invite in list(self._waiting):
            chosen = max(self._room, key=lambda each: (each not in invite.excluded, self._room[each]), default=None)
            if chosen is not None and chosen not in invite.excluded and self._room[chosen] > 0:
                self._waiting.remove(invite)
                self._room[chosen] -= 1
                self._centre.agents[chosen].tell(invite)


class AgentActor(pykka.ThreadingActor):
    """One agent: his slots, his offers, his desk."""

    def __init__(self, centre: Centre, name: str, queues: list[str], capacity: int) -> None:
        """Begin not ready."""
        super().__init__()
        self._centre, self._name, self._queues, self._capacity = centre, name, queues, capacity
        self._desk: Desk | None = None
        self._offers: dict[str, Invite] = {}

    def on_receive(self, message: Any) -> Any:  # noqa: ANN401  pykka's own signature
        """Take an offer, an answer to one, a freed slot, an update for the desk."""
        match message:
            case Invite():
                offer = f"offers/{uuid4().hex}"
                self._centre.journal.append(self._name, "OfferMade", offer=offer, conversation=message.name)
                self._offers[offer] = message
                self._centre.offers[offer] = self.actor_ref
                self._tell_desk("offer", offer=offer, conversation=message.name)
            case ("accept", str(offer)):
                return self._accept(offer)
            case ("freed",):
                self._centre.journal.append(self._name, "SlotFreed")
                self._tell_queues(1)
            case ("ready", True):
                self._centre.journal.append(self._name, "Ready")
                self._tell_queues(self._capacity)
            case ("attach", desk):
                self._desk = desk
            case ("update", dict() as fields):
                self._tell_desk("update", **fields)
        return None

    def _accept(self, offer: str) -> bool:
        invite = self._offers.pop(offer, None)
        if invite is None:
            return False
        self._centre.journal.append(self._name, "SlotTaken", offer=offer, conversation=invite.name)
        del self._centre.offers[offer]
        return bool(invite.conversation.ask(("join", self._name)))

    def _tell_queues(self, slots: int) -> None:
        for name in self._queues:
            self._centre.queues[name].tell(("room", self._name, slots))

    def _tell_desk(self, kind: str, **fields: str) -> None:
        if self._desk is not None:
            self._desk.put((kind, fields))


@dataclass
class _Talk:
    channel: str
    agents: list[str] = field(default_factory=list)
    count: int = 0
    deliveries: int = 0


class ConversationActor(pykka.ThreadingActor):
    """One conversation: who is in it, what is said, what its customer is sent."""

    def __init__(self, centre: Centre, name: str, channel: str) -> None:
        """Begin empty."""
        super().__init__()
        self._centre, self._name = centre, name
        self._talk = _Talk(channel)

    def on_receive(self, message: Any) -> Any:  # noqa: ANN401  pykka's own signature
        """Say, whisper, seek, let join and leave, settle, end."""
        match message:
            case ("say", str(agent), str(text)):
                return self._say("MessageSent", agent, text, is_shown=True)
            case ("whisper", str(agent), str(text)):
                return self._say("Whispered", agent, text, is_shown=False)
            case ("seek", str(queue_name), str(agent), bool(stays)):
                self._seek(queue_name, agent, stays=stays)
            case ("join", str(agent)):
                return self._join(agent)
            case ("leave", str(agent)):
                self._leave(agent)
            case ("settle", str(delivery)):
                self._centre.journal.append(self._name, "DeliverySettled", delivery=delivery)
            case ("close",):
                self._centre.journal.append(self._name, "Closed", **asdict(self._talk, dict_factory=_words))
                for agent in self._talk.agents:
                    self._centre.agents[agent].tell(("freed",))
                del self._centre.conversations[self._name]
        return True

    def _say(self, kind: str, agent: str, text: str, *, is_shown: bool) -> int:
        self._talk.count += 1
        self._centre.journal.append(self._name, kind, agent=agent, text=text)
        for each in self._talk.agents:
            self._centre.agents[each].tell(("update", {"conversation": self._name, "text": text}))
        if is_shown:
            self._deliver("message", text)
        return self._talk.count

    def _seek(self, queue_name: str, agent: str, *, stays: bool) -> None:
        self._centre.journal.append(self._name, "InvitePlaced", queue=queue_name, agent=agent)
        if agent and not stays:
            self._deliver("transfer.customer.placed", "You are being transferred.")
            self._leave(agent)
        excluded = frozenset({*self._talk.agents, agent} - {""})
        self._centre.queues[queue_name].tell(Invite(self.actor_ref, self._name, excluded))

    def _join(self, agent: str) -> bool:
        self._centre.journal.append(self._name, "ParticipantJoined", agent=agent)
        self._talk.agents.append(agent)
        self._deliver("join.others.joined", f"{agent} has joined.")
        return True

    def _leave(self, agent: str) -> None:
        self._centre.journal.append(self._name, "ParticipantLeft", agent=agent)
        if agent in self._talk.agents:
            self._talk.agents.remove(agent)
            self._deliver("leave.others.left", f"{agent} has left.")
            self._centre.agents[agent].tell(("freed",))

    def _deliver(self, key: str, text: str) -> None:
        self._talk.deliveries += 1
        name = f"{self._name}/deliveries/{self._talk.deliveries}"
        item = {"name": name, "conversation": self._name, "key": key, "text": text}
        self._centre.channels[self._talk.channel].put(("delivery", item))


def _words(pairs: list[tuple[str, Any]]) -> dict[str, str]:
    return {name: str(value) for name, value in pairs}
