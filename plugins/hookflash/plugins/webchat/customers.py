"""The customers of one web chat: what they are shown, on every socket they have open, and what they do.

A frame is kept before any socket gets it, and whoever comes in gets what is kept under the same lock; so nobody misses
one between looking and listening, and no frame that was seen is forgotten by a restart.
"""

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import Any, Final, Protocol, final

from hookflash.plugins.webchat.frames import BadFrameError, Cmd, Json, err, ev, event_of, ok, read_seq
from hookflash.plugins.webchat.history import Backlog, Entry, History, place_of
from hookflash.plugins.webchat.rates import Rates
from hookflash.plugins.webchat.settings import WebchatConfig
from hookflash.plugins.webchat.tokens import Visitor
from hookflash.sdk import (
    Arrival,
    ChannelContext,
    CustomerAddress,
    CustomerLeft,
    Delivery,
    DeliveryId,
    ExternalId,
    Inbound,
    NotTaken,
    Receipt,
    ReceiptState,
    Text,
    Typing,
)

__all__ = ["Customers", "Outlet"]

TEXT_LENGTH_MAX: Final = 4_096
_MARKS: Final = {ReceiptState.DELIVERED: "delivered", ReceiptState.READ: "read"}
_SENTENCES: Final = {
    "RATE_LIMITED": "You are too fast; try again in a moment.",
    "MESSAGE_TOO_LONG": "This message is too long; shorten it.",
    "EMPTY_MESSAGE": "This message is empty; write something.",
}


class Outlet(Protocol):
    """A socket that a customer has open."""

    def put(self, frame: Json, entry: Entry | None = None) -> None:
        """Send a frame, after those before it; never waits."""

    def cut(self, code: int) -> None:
        """End it."""


@final
class Customers:
    """Everything between the engine and the sockets."""

    def __init__(self, context: ChannelContext, settings: WebchatConfig) -> None:
        """Know nobody yet."""
        self._context = context
        self._settings = settings
        self._history = History(context.store, settings.frames_kept)
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._outlets: dict[str, list[Outlet]] = {}
        self._rates = Rates(settings.commands_per_s, settings.command_burst)

    @property
    def outlet_count(self) -> int:
        """How many sockets are open."""
        return sum(len(outlets) for outlets in self._outlets.values())

    async def deliver(self, delivery: Delivery) -> ExternalId:
        """Show a Delivery; the same one again is shown once."""
        event = event_of(delivery, self._context.clock().isoformat())
        await self._show(delivery.to.id, f"d/{delivery.id}", event, delivery.id)
        return ExternalId(delivery.id)

    def hint(self, customer: str, event: Json) -> None:
        """Tell who is there now, and nobody later."""
        for outlet in self._outlets.get(customer, ()):
            outlet.put(ev(None, event))

    async def enter(self, customer: str, after: int | None, outlet: Outlet) -> None:
        """Let a socket in: it gets what follows `after`, then whatever comes, without a gap or a repeat."""
        async with self._locks[place_of(customer)]:
            backlog = await self._history.since(customer, after)
            outlet.put(ok("hello", backlog.last))
            for frame, entry in frames_of(backlog):
                outlet.put(frame, entry)
            outlets = self._outlets.setdefault(customer, [])
            outlets.append(outlet)
            if len(outlets) > self._settings.sockets_per_customer_max:
                outlets.pop(0).cut(4409)

    def leave(self, customer: str, outlet: Outlet) -> None:
        """Forget a socket; one that never came in is no error."""
        outlets = self._outlets.get(customer, [])
        with suppress(ValueError):
            outlets.remove(outlet)
        if not outlets:
            self._outlets.pop(customer, None)

    def cut_all(self) -> None:
        """End every socket: the channel stops."""
        for outlets in list(self._outlets.values()):
            for outlet in list(outlets):
                outlet.cut(1001)

    async def frames_since(self, customer: str, after: int | None) -> list[Json]:
        """What a client without a socket fetches; that it names a number says that it has all up to there."""
        if after:
            await self.reached(customer, ReceiptState.DELIVERED, after)
        async with self._locks[place_of(customer)]:
            backlog = await self._history.since(customer, after)
        return [frame for frame, _ in frames_of(backlog)]

    async def reached(self, customer: str, state: ReceiptState, up_to: int) -> None:
        """Report that the customer has got, or read, everything up to that number; each delivery once."""
        mark = _MARKS[state]
        async with self._locks[place_of(customer)]:
            entries = await self._history.unmarked(customer, mark, up_to)
        for entry in entries:
            receipt = Receipt(
                dedupe_key=f"{entry.delivery}/{state}",
                state=state,
                at=self._context.clock(),
                external_id=ExternalId(entry.delivery or ""),
                delivery_id=DeliveryId(entry.delivery or ""),
            )
            await self._context.take(receipt)
        if entries:
            async with self._locks[place_of(customer)]:
                await self._history.mark(customer, mark, entries[-1].seq)

    async def run(self, visitor: Visitor, command: Cmd) -> Json:
        """Do what a customer wants and answer `ok` or `err`; the same command again is done once."""
        wait_s = self._rates.wait_s(visitor.customer, self._context.clock().timestamp())
        if wait_s:
            return err(command.id, "RATE_LIMITED", _SENTENCES["RATE_LIMITED"], wait_s)
        try:
            return await self._run(visitor, command)
        except BadFrameError as error:
            return err(command.id, "BAD_FRAME", str(error))
        except NotTaken as refusal:
            text = _SENTENCES.get(refusal.reason, "This could not be done.")
            return err(command.id, refusal.reason, text, refusal.retry_after_s)
        except Exception as error:  # noqa: BLE001  whatever it is, this customer is answered and the others go on
            self._context.log.warning("webchat_command_failed", command=command.name, error=type(error).__name__)
            return err(command.id, "UNAVAILABLE", "This could not be done now; try again in a moment.", 5.0)

    async def _run(self, visitor: Visitor, command: Cmd) -> Json:
        address = CustomerAddress(channel=self._context.channel, id=visitor.customer)
        # Of this customer: the ids that others make cannot meet his.
        key = f"{visitor.customer}/{command.id}"
        now = self._context.clock()
        match command.name, command.args:
            case "say", {"text": str(text)}:
                if len(text) > TEXT_LENGTH_MAX:
                    raise NotTaken("MESSAGE_TOO_LONG")
                said = Inbound(
                    dedupe_key=key,
                    address=address,
                    content=Text(text=text),
                    at=now,
                    external_id=ExternalId(key),
                    name=visitor.name or None,
                )
                event = {"type": "message", "from": "customer", "id": command.id, "text": text}
                return await self._done(visitor, command, said, event)
            case "leave", _:
                left = CustomerLeft(dedupe_key=key, address=address, at=now)
                return await self._done(visitor, command, left, {"type": "left", "id": command.id})
            case "typing", {"is_on": bool(is_on)}:
                await self._context.take(Typing(address=address, is_on=is_on))
                return ok(command.id)
            case "read", {"seq": seq}:
                await self.reached(visitor.customer, ReceiptState.READ, read_seq(seq) or 0)
                return ok(command.id)
            case _:
                raise BadFrameError("commands are say {text}, typing {is_on}, read {seq} and leave {}", command.id)

    async def _done(self, visitor: Visitor, command: Cmd, arrival: Arrival, event: Json) -> Json:
        # Taken first: a crash before it is shown is mended by the client, who sends what was not answered again.
        await self._context.take(arrival)
        at = {"at": self._context.clock().isoformat()}
        entry = await self._show(visitor.customer, f"c/{command.id}", {**event, **at}, None)
        return ok(command.id, entry.seq)

    async def _show(self, customer: str, key: str, event: Json, delivery: str | None) -> Entry:
        async with self._locks[place_of(customer)]:
            now = self._context.clock()
            entry, is_new = await self._history.append(customer, key, event, now=now, delivery=delivery)
            if is_new:
                for outlet in self._outlets.get(customer, ()):
                    outlet.put(ev(entry.seq, entry.event), entry)
        return entry


def frames_of(backlog: Backlog) -> list[tuple[Json, Entry | None]]:
    """What a client is told: the frames that it misses, or a snapshot of what is kept."""
    if backlog.is_resumed:
        return [(ev(entry.seq, entry.event), entry) for entry in backlog.entries]
    events: list[dict[str, Any]] = [{"seq": entry.seq, **entry.event} for entry in backlog.entries]
    snapshot = {"frame": "snapshot", "seq": backlog.last, "events": events, "is_complete": backlog.is_complete}
    last = [entry for entry in backlog.entries if entry.delivery]
    return [(snapshot, last[-1] if last else None)]
