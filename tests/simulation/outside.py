"""Customers, and the adapter of a channel that is served from outside through ChannelService."""

from typing import TYPE_CHECKING

from hookflash.v1 import channel_service_pb2 as pb
from hookflash.v1 import delivery_pb2

from .network import Client, Stream

if TYPE_CHECKING:
    from .world import World

__all__ = ["Customer", "ExternalAdapter"]


class Customer:
    """Writes, now and then leaves, and comes back under the same address."""

    def __init__(self, world: "World", number: int, external: "ExternalAdapter | None") -> None:
        self.world, self.number = world, number
        self.channel = f"c{number % world.mix.channels}"
        self.address = f"customer {number}"
        self._external = external
        self._beat = 0

    def beat(self) -> None:
        """Write or leave, or be silent."""
        self._beat += 1
        if self.world.is_calm:
            return
        drawn = self.world.chance.number(f"{self.address} beat {self._beat}")
        key = f"k{self.number}-{self._beat}"
        if drawn < 0.5:
            self._bring(key, f"{self.address} asks {key}")
        elif drawn < 0.58:
            self._bring(key, None)

    def _bring(self, key: str, text: str | None) -> None:
        if self._external is not None:
            self._external.bring(self.address, key, text)
        else:
            self.world.provider.say(self.channel, self.address, key, text)


class ExternalAdapter:
    """A program outside that reads a channel's deliveries and settles them, by the API."""

    def __init__(self, world: "World", channel: str, client: Client) -> None:
        self.world, self.channel, self.client = world, channel, client
        self.name = f"adapter {channel}"
        self._stream: Stream | None = None
        self._beat = 0

    def beat(self) -> None:
        """Read on where nothing is read; now and then break off."""
        self._beat += 1
        if self._stream is None or not self._stream.is_open:
            request = pb.DeliveriesRequest(channel=f"channels/{self.channel}", max_in_flight=4)
            self._stream = self.client.open_stream("ChannelService/Deliveries", request, self._deliver)
        elif not self.world.is_calm and self.world.chance.number(f"{self.name} cut {self._beat}") < 0.02:
            self.world.tell(self.name, "breaks off")
            self._stream.cancel()

    def bring(self, address: str, key: str, text: str | None) -> None:
        """Bring in what a customer did, sometimes twice."""
        request = pb.ReceiveRequest(channel=f"channels/{self.channel}", address=address, external_id=key)
        if text is None:
            request.customer_left = True
        else:
            request.text = text
        self.world.start(self.client.call("ChannelService/Receive", request))
        if self.world.chance.number(f"{key} twice") < self.world.mix.duplication:
            self.world.outside(1.7, lambda: self.world.start(self.client.call("ChannelService/Receive", request)))

    def _deliver(self, item: bytes) -> None:
        delivery = delivery_pb2.Delivery.FromString(item)
        world = self.world
        name = f"{delivery.name} {delivery.attempt}"
        conversation = delivery.conversation.partition("/")[2]
        said = delivery.message.text if delivery.HasField("message") else delivery.notice.text
        raw = f"{delivery.address}|{delivery.message.sender}: {said}".encode()
        # Handed over is what reaches the adapter: what it does with it is its own business.
        world.provider.hand_over(conversation, delivery.sequence, delivery.name, raw)
        settled = pb.SettleDeliveryRequest(name=delivery.name)
        drawn = 1.0 if world.is_calm else world.chance.number(f"{name} fault")
        if drawn < 0.03:
            world.tell(self.name, f"forgets {delivery.name}")
            return
        if drawn < 0.08:
            settled.error = "later"
            settled.retry.FromMilliseconds(2_003)
        elif drawn < 0.1:
            settled.error = "no such number"
        else:
            settled.external_id = f"x-{delivery.name}"
        world.outside(
            0.003 + world.mix.channel_s * world.chance.number(f"{name} settles"),
            lambda: world.start(self.client.call("ChannelService/SettleDelivery", settled)),
        )
