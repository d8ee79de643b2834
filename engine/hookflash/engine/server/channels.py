"""ChannelService: what adapters in any language bring in and take out."""

from collections.abc import Callable
from typing import Final

from google.protobuf.empty_pb2 import Empty

from hookflash.engine.actors.calls import Outcome
from hookflash.engine.domain import commands as c
from hookflash.engine.domain.address import Address
from hookflash.engine.domain.refusals import (
    BadField,
    ChannelInUse,
    ChannelNotFound,
    ConversationClosed,
    ConversationExists,
    ConversationNotFound,
    DeliveryNotFound,
    Draining,
)
from hookflash.engine.server import identity, names
from hookflash.engine.server.admission import Rates
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.convert_commands import received_from, settle_from
from hookflash.engine.server.convert_timeline import delivery_to
from hookflash.engine.server.ports import DeliveryReader
from hookflash.v1 import channel_service_pb2 as pb

__all__ = ["ChannelServicer"]

_IN_FLIGHT: Final = 32
_IN_FLIGHT_MAX: Final = 1_000
_ATTEMPTS: Final = 3


class ChannelServicer:
    """The methods of ChannelService."""

    def __init__(self, asking: Asking) -> None:
        """Take whom to ask."""
        self._asking = asking
        self._customers = Rates(asking.limits.customer_commands_per_s_max, asking.limits.command_burst_max)
        self._readers: set[DeliveryReader] = set()

    def end_all(self) -> None:
        """The engine stops: no reader gets anything more."""
        for reader in list(self._readers):
            reader.close()

    async def Receive(self, request: pb.ReceiveRequest, caller: Caller) -> bytes | pb.ReceiveResponse:  # noqa: N802
        """Bring in something the customer did."""
        self._customers.take(f"{request.channel} {request.address}")
        received = received_from(request, self._asking.limits)
        for _ in range(_ATTEMPTS):
            try:
                return await self._receive(request, caller, received)
            except (ConversationExists, ConversationClosed):
                continue  # Another call opened or closed it while this one waited: look again.
        return await self._receive(request, caller, received)

    async def Deliveries(self, request: pb.DeliveriesRequest, caller: Caller) -> None:  # noqa: N802
        """Stream what is to go out."""
        reader = self._open_reader(request)
        self._readers.add(reader)
        try:
            async for out in reader:
                event = self._asking.engine.outbox.event_of(out.conversation, out.sequence)
                if event is not None:  # Else it was settled this very moment.
                    await caller.write(delivery_to(out.conversation, out.to.id, event, out.sequence, out.attempt))
            raise Draining
        finally:
            self._readers.discard(reader)
            reader.close()

    async def SettleDelivery(self, request: pb.SettleDeliveryRequest, caller: Caller) -> bytes | Empty:  # noqa: N802
        """Say what became of a Delivery."""
        conversation, number = names.numbered("name", request.name, "deliveries")
        settled = settle_from(request, number)
        await self._check_delivery(caller, conversation, number, request.name)
        if isinstance(settled, c.SettleDelivery):
            address = names.conversation_of(conversation)
            return await self._asking.submit(caller, request, address, settled, lambda _: Empty())
        self._asking.engine.outbox.postpone(conversation, number, settled)
        return Empty()

    async def _receive(
        self, request: pb.ReceiveRequest, caller: Caller, received: c.OpenConversation | c.EndSession
    ) -> bytes | pb.ReceiveResponse:
        channel, facts = names.channel("channel", request.channel), self._asking.shard.facts
        if channel not in facts.channels():
            raise ChannelNotFound(channel)
        there = facts.conversation_at(channel, request.address)
        address = names.conversation_of(there or self._asking.new_id())
        is_said = isinstance(received, c.OpenConversation)
        command = c.ReceiveMessage(text=request.text) if there is not None and is_said else received
        answer, is_new = _received_in(address)
        key = f"{channel}/{request.external_id}"
        try:
            encoded = await self._asking.arrive(caller, key, address, command, answer, is_fresh=there is None)
        except ConversationNotFound:
            return pb.ReceiveResponse()  # He left, and had no conversation open: nothing has happened.
        return encoded if is_new() else pb.ReceiveResponse(conversation=_conversation(encoded), duplicate=True)

    def _open_reader(self, request: pb.DeliveriesRequest) -> DeliveryReader:
        channel = names.channel("channel", request.channel)
        if not 0 <= request.max_in_flight <= _IN_FLIGHT_MAX:
            raise BadField("max_in_flight", f"must be 0 to {_IN_FLIGHT_MAX:,}")
        settings = self._asking.shard.facts.channels().get(channel)
        if settings is None:
            raise ChannelNotFound(channel)
        if not settings.is_external and self._asking.engine.plugins.channel_adapter(settings.kind) is not None:
            raise ChannelInUse(channel, "the engine serves it itself, through the adapter of its kind")
        return self._asking.engine.outbox.open_reader(channel, request.max_in_flight or _IN_FLIGHT)

    async def _check_delivery(self, caller: Caller, conversation: str, number: int, name: str) -> None:
        try:
            state, _ = await self._asking.conversation(conversation)
        except ConversationNotFound:
            raise DeliveryNotFound(name) from None
        identity.check_channel(caller.principal, state.channel)
        if number > state.deliveries:
            raise DeliveryNotFound(name)


def _received_in(address: Address) -> tuple[Callable[[Outcome], pb.ReceiveResponse], Callable[[], bool]]:
    """What renders the answer, and what says afterwards whether it was asked to: a repeat is answered without."""
    rendered: list[int] = []

    def render(outcome: Outcome) -> pb.ReceiveResponse:
        rendered.append(outcome.position)
        return pb.ReceiveResponse(conversation=str(address))

    return render, lambda: bool(rendered)


def _conversation(encoded: bytes) -> str:
    return pb.ReceiveResponse.FromString(encoded).conversation
