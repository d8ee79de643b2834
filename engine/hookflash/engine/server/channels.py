"""ChannelService: what adapters in any language bring in and take out."""

from typing import Final

from google.protobuf.empty_pb2 import Empty

from hookflash.engine.domain import commands as c
from hookflash.engine.domain.refusals import (
    BadField,
    ChannelInUse,
    ChannelNotFound,
    ConversationNotFound,
    DeliveryNotFound,
    Draining,
)
from hookflash.engine.domain.text import check_address
from hookflash.engine.server import identity, names
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.convert_abilities import abilities_in
from hookflash.engine.server.convert_commands import (
    aliases_in,
    echoed_from,
    message_id_in,
    parts_in,
    receipt_from,
    received_from,
    settle_from,
)
from hookflash.engine.server.convert_timeline import delivery_to, sign_to
from hookflash.engine.server.convert_uploads import piece_from, place_in, uploaded_to
from hookflash.engine.server.edge_ports import Aliases, DeliveryReader, SignReader
from hookflash.sdk.types import ChannelId
from hookflash.v1 import channel_service_pb2 as pb

__all__ = ["ChannelServicer"]

_IN_FLIGHT: Final = 32
_IN_FLIGHT_MAX: Final = 1_000


class ChannelServicer:
    """The methods of ChannelService."""

    def __init__(self, asking: Asking) -> None:
        """Take whom to ask."""
        self._asking = asking
        self._readers: set[DeliveryReader | SignReader] = set()

    def end_all(self) -> None:
        """The engine stops: no reader gets anything more, and no echo waits."""
        self._asking.engine.echoes.stop()
        for reader in list(self._readers):
            reader.close()

    async def Receive(self, request: pb.ReceiveRequest, caller: Caller) -> pb.ReceiveResponse:  # noqa: N802
        """Bring in something the customer did, or the provider reports."""
        brought_as, place = request.address, place_in(request)
        await self._recognise(request)
        if request.WhichOneof("content") in ("typing", "receipt", "echo"):
            await self._take(request, caller, brought_as)
            return pb.ReceiveResponse()
        arrived = received_from(request, self._asking.limits)
        message_id = message_id_in(request) or arrived["external_id"]
        inbox = self._asking.engine.inbox
        if request.is_standby and not inbox.is_open(arrived["channel"], arrived["address"]):
            return pb.ReceiveResponse()
        url = await self._media_url(arrived["channel"], place) if place else None
        conversation, is_repeat = await inbox.receive(caller.principal, **arrived, brought_as=brought_as, media_url=url)
        if arrived["text"] is not None:
            self._asking.engine.signs.reads.arrived(arrived["channel"], arrived["address"], message_id)
        name = "" if conversation is None else str(names.conversation_of(conversation))
        return pb.ReceiveResponse(conversation=name, duplicate=is_repeat)

    async def UploadMedia(self, request: pb.UploadMediaRequest, caller: Caller) -> pb.UploadMediaResponse:  # noqa: ARG002, N802
        """Bring in a piece of a medium that a customer sent."""
        piece = piece_from(request)
        if piece["channel"] not in self._asking.shard.facts.channels():
            raise ChannelNotFound(piece["channel"])
        return uploaded_to(await self._asking.engine.uploads.take(**piece))

    async def Deliveries(self, request: pb.DeliveriesRequest, caller: Caller) -> None:  # noqa: N802
        """Stream what is to go out."""
        reader = self._open_reader(request)
        self._readers.add(reader)
        try:
            aliases = await self._asking.engine.aliases.of_channel(names.channel("channel", request.channel))
            await self._hand_out(reader, aliases, caller)
        finally:
            self._readers.discard(reader)
            reader.close()

    async def Signs(self, request: pb.SignsRequest, caller: Caller) -> None:  # noqa: N802
        """Stream the signs that agents give customers."""
        reader = self._asking.engine.sign_readers.open_reader(self._outside(request.channel))
        self._readers.add(reader)
        try:
            async for sign in reader:
                await caller.write(sign_to(sign))
            raise Draining
        finally:
            self._readers.discard(reader)
            reader.close()

    async def SettleDelivery(self, request: pb.SettleDeliveryRequest, caller: Caller) -> bytes | Empty:  # noqa: N802
        """Say what became of a Delivery."""
        conversation, number = names.numbered("name", request.name, "deliveries")
        settled = settle_from(request, number)
        channel = await self._check_delivery(caller, conversation, number, request.name)
        for external_id in parts_in(request):
            self._asking.engine.echoes.sent(channel, external_id)
        if isinstance(settled, c.SettleDelivery):
            address = names.conversation_of(conversation)
            return await self._asking.submit(caller, request, address, settled, lambda _: Empty())
        self._asking.engine.outbox.postpone(conversation, number, settled)
        return Empty()

    async def _recognise(self, request: pb.ReceiveRequest) -> None:
        """Put the address under which the customer is known in the place of the one that he came with."""
        aliases, channel = aliases_in(request), names.channel("channel", request.channel)
        if request.address and channel in self._asking.shard.facts.channels():
            address = check_address(request.address)
            request.address = await self._asking.engine.aliases.known(channel, address, aliases)

    async def _media_url(self, channel: ChannelId, place: str) -> str:
        url = await self._asking.engine.media.url_in(channel, place)
        if url is None:
            raise BadField("media", "names no medium of this channel; upload it again, or bring the message without it")
        return url

    async def _take(self, request: pb.ReceiveRequest, caller: Caller, brought_as: str) -> None:
        """Take what is not the customer's to say: a sign of typing, a receipt, an echo."""
        channel = names.channel("channel", request.channel)
        if channel not in self._asking.shard.facts.channels():
            raise ChannelNotFound(channel)
        engine = self._asking.engine
        if request.WhichOneof("content") == "typing":
            engine.signs.customer(channel, check_address(request.address), is_typing=request.typing)
            return
        if request.WhichOneof("content") == "echo":
            echoed = echoed_from(request, self._asking.limits)
            await self._check_named(caller, "echo.delivery", echoed["delivery"])
            with caller.while_waiting():  # Its own delivery may be about to be settled, by the same caller.
                await engine.echoes.take(caller.principal, channel, **echoed, brought_as=brought_as)
            return
        receipt = receipt_from(request, channel, self._asking.now())
        await self._check_named(caller, "receipt.delivery", request.receipt.delivery)
        await engine.receipts.take(channel, receipt)

    async def _hand_out(self, reader: DeliveryReader, aliases: Aliases, caller: Caller) -> None:
        """Write what the reader gets, until it is taken over or the engine stops."""
        async for out in reader:
            event = self._asking.engine.outbox.event_of(out.conversation, out.sequence)
            if event is not None:  # Else it was settled this very moment.
                delivery = delivery_to(out.conversation, out.to.id, event, out.sequence, out.attempt)
                delivery.aliases.extend(aliases.of(out.to.id))
                await caller.write(delivery)
        raise Draining

    def _open_reader(self, request: pb.DeliveriesRequest) -> DeliveryReader:
        if not 0 <= request.max_in_flight <= _IN_FLIGHT_MAX:
            raise BadField("max_in_flight", f"must be 0 to {_IN_FLIGHT_MAX:,}")
        abilities, channel = abilities_in(request), self._outside(request.channel)
        self._asking.shard.facts.learn_abilities(channel, abilities)
        return self._asking.engine.outbox.open_reader(channel, request.max_in_flight or _IN_FLIGHT)

    def _outside(self, name: str) -> ChannelId:
        """The channel of that name, which must be served from outside."""
        channel = names.channel("channel", name)
        settings = self._asking.shard.facts.channels().get(channel)
        if settings is None:
            raise ChannelNotFound(channel)
        if not settings.is_external and self._asking.engine.plugins.channel_adapter(settings.kind) is not None:
            raise ChannelInUse(channel, "the engine serves it itself, through the adapter of its kind")
        return channel

    async def _check_named(self, caller: Caller, field: str, name: str) -> None:
        if name:
            conversation, number = names.numbered(field, name, "deliveries")
            await self._check_delivery(caller, conversation, number, name)

    async def _check_delivery(self, caller: Caller, conversation: str, number: int, name: str) -> ChannelId:
        """Refuse what is no Delivery of this caller's channel, which is the answer."""
        try:
            state, _ = await self._asking.conversation(conversation)
        except ConversationNotFound:
            raise DeliveryNotFound(name) from None
        identity.check_channel(caller.principal, state.channel)
        if number > state.deliveries:
            raise DeliveryNotFound(name)
        return state.channel
