"""An adapter with a webhook for tests, and one that does wrong whatever it is told to."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from hookflash.engine.domain.values import ChannelSettings
from hookflash.sdk.channel import (
    Arrival,
    AsgiApp,
    ChannelAdapter,
    CustomerAddress,
    Delivery,
    HttpRequest,
    HttpResponse,
    Inbound,
    Text,
)
from hookflash.sdk.errors import BadSignature, ParseError
from hookflash.sdk.types import ChannelId, ExternalId

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIGNED = {"x-secret": "right"}
HOOK = ChannelSettings(id=ChannelId("hook"), kind="hook")
BAD = ChannelSettings(id=ChannelId("bad"), kind="bad")


@dataclass(frozen=True, slots=True, kw_only=True)
class HookConfig:
    """What the channel's settings fill."""

    insecure: bool = False


class Hook(ChannelAdapter):
    """An adapter of kind `hook`: a body is a list of [key, address, text], `x-secret` its signature."""

    kind: ClassVar[str] = "hook"
    Config: ClassVar[type[HookConfig]] = HookConfig

    def verify(self, request: HttpRequest) -> None:
        if (given := request.headers.get("x-secret")) != "right":
            raise BadSignature(is_absent=given is None)

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        try:
            said = json.loads(request.body)
        except ValueError as error:
            raise ParseError("no JSON") from error
        for key, address, text in said:
            to = CustomerAddress(channel=ChannelId("ignored"), id=address)
            yield Inbound(
                dedupe_key=key, address=to, content=Text(text=text), at=NOW, external_id=ExternalId(key), name="Carl"
            )

    def handshake(self, request: HttpRequest) -> HttpResponse:
        if request.query.get("token") != "mine":
            return HttpResponse(status=403)
        return HttpResponse(body=f"{request.path} {request.query['challenge']}".encode())

    def ack(self, request: HttpRequest) -> HttpResponse:
        del request
        return HttpResponse(content_type="text/xml", body=b"<Response/>")

    async def send(self, delivery: Delivery) -> ExternalId:
        return ExternalId(delivery.id)


class Misbehaving(Hook):
    """Does in each method what its body, or the query, says."""

    kind: ClassVar[str] = "bad"
    wrong: ClassVar[dict[str, object]] = {}

    def _do(self, method: str) -> Any:  # noqa: ANN401  rubbish
        found = self.wrong.get(method)
        if isinstance(found, BaseException):
            raise found
        return found

    def verify(self, request: HttpRequest) -> None:
        if request.path != "/channels/bad" or request.headers:
            self._do("verify")
        super().verify(request)

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        return self._do("parse") if "parse" in self.wrong else super().parse(request)

    def handshake(self, request: HttpRequest) -> HttpResponse:
        return self._do("handshake") if "handshake" in self.wrong else super().handshake(request)

    def ack(self, request: HttpRequest) -> HttpResponse:
        return self._do("ack") if "ack" in self.wrong else super().ack(request)

    def app(self) -> AsgiApp | None:
        return self._do("app") if "app" in self.wrong else None
