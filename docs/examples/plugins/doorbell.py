"""`Registry.channel`: a channel whose provider posts a line of text and is answered on its own log.

The whole contract of an adapter is `ChannelAdapter`; `hookflash plugin new channel NAME` begins one with tests.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hookflash.sdk import (
    Arrival,
    Capabilities,
    ChannelAdapter,
    CustomerAddress,
    Delivery,
    ExternalId,
    HttpRequest,
    Idempotency,
    Inbound,
    ParseError,
    Registry,
    Secret,
    Text,
    hookimpl,
)
from hookflash.sdk.signing import require_equal

SDK_API = ">=1.0,<2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`password` is what the provider sends along in `x-password`."""

    password: Secret


class Doorbell(ChannelAdapter):
    """Posts look like `7 carla Anybody there?`: a number, who rings, and what he says."""

    kind = "doorbell"
    Config = Config
    capabilities = Capabilities(text_size_max=160, idempotency=Idempotency.KEY)

    def verify(self, request: HttpRequest) -> None:
        """Compare the password in constant time."""
        require_equal(self.config.password.reveal(), request.headers.get("x-password"))

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        """Read one line."""
        try:
            number, name, text = request.body.decode().strip().split(" ", 2)
        except ValueError as error:
            raise ParseError("a line reads NUMBER NAME TEXT") from error
        yield Inbound(
            dedupe_key=number,
            address=CustomerAddress(channel=self.context.channel, id=name),
            content=Text(text=text),
            at=self.context.clock(),
            external_id=ExternalId(number),
        )

    async def send(self, delivery: Delivery) -> ExternalId:
        """Ring back."""
        self.context.log.info("rung", to=delivery.to.id, number=delivery.sequence)
        return ExternalId(delivery.id)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the adapter."""
    registry.channel(Doorbell)
