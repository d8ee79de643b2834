"""The sink `webhook`: what happens, posted in batches, signed like everything else here.

A batch is one request and taken whole. Its `webhook-id` is made of its entries, so a batch that comes again has the
same, and one that holds more has another; each entry has an `id` of its own by which a receiver knows it again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, final

from hookflash.sdk import Ack, Audience, CustomerNotice, Event, Message, Said, SinkContext, Transient

from .config import SinkConfig
from .posting import GoneError, post, told_at

__all__ = ["AgentWebhooks", "CustomerWebhooks"]


class _Posts:
    """Posts entries; made ready by `connect`."""

    def __init__(self, config: SinkConfig) -> None:
        self._config = config
        self._context: SinkContext | None = None

    def connect(self, context: SinkContext) -> None:
        """Keep the context."""
        self._context = context

    async def post(self, kind: str, entries: Sequence[Mapping[str, object]]) -> Ack:
        """Post a batch. Raises SendError."""
        context = self._context
        if context is None:
            raise Transient("the sink has no connection yet")
        if not entries:
            return Ack()
        digest = hashlib.sha256("\n".join(str(entry["id"]) for entry in entries).encode()).hexdigest()
        payload = {"type": kind, "timestamp": told_at(context.clock()), "data": {"entries": list(entries)}}
        config = self._config
        try:
            await post(context.http, config.url, config.secrets, context.clock, f"batch_{digest[:32]}", payload)
        except GoneError:
            return Ack(is_gone=True)
        return Ack()


@final
class CustomerWebhooks(_Posts):
    """The sink of what customers said and were shown."""

    name: ClassVar[str] = "webhook"
    audience: ClassVar[Audience] = Audience.CUSTOMER

    async def deliver(self, batch: Sequence[Said] | Sequence[Event]) -> Ack:
        """Post a batch."""
        return await self.post("transcript.entries", [_entry(said) for said in batch if isinstance(said, Said)])


@final
class AgentWebhooks(_Posts):
    """The sink of everything that happens."""

    name: ClassVar[str] = "webhook"
    audience: ClassVar[Audience] = Audience.AGENTS

    async def deliver(self, batch: Sequence[Said] | Sequence[Event]) -> Ack:
        """Post a batch."""
        return await self.post("events", [_event(event) for event in batch if isinstance(event, Event)])


def _entry(said: Said) -> Mapping[str, object]:
    content = said.content
    spoken: dict[str, object] = {"notice": content.key} if isinstance(content, CustomerNotice) else _spoken(content)
    return {
        "id": f"{said.conversation}/{said.sequence}",
        "conversation": said.conversation,
        "sequence": said.sequence,
        "at": _at(said.at),
        "is_from_customer": said.is_from_customer,
        **spoken,
        "text": content.text,
    }


def _spoken(message: Message) -> dict[str, object]:
    of_media = {} if message.media is None else {"media": message.media.told()}
    return {"sender_name": message.sender_name, **of_media}


def _event(event: Event) -> Mapping[str, object]:
    return {
        "id": f"{event.position}/{event.index}",
        "position": event.position,
        "index": event.index,
        "at": _at(event.at),
        "kind": event.kind,
        "subject": event.subject,
        "principal": event.principal,
        "cause": event.cause,
        "payload": event.payload,
    }


def _at(seconds: float) -> str:
    return told_at(datetime.fromtimestamp(seconds, UTC))
