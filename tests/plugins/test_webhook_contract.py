"""The webhook contract passes an honest adapter and catches a careless one."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from hookflash.sdk import (
    Arrival,
    BadSignature,
    ChannelAdapter,
    ChannelContext,
    CustomerAddress,
    Delivery,
    ExternalId,
    HttpRequest,
    Inbound,
    ParseError,
    Secret,
    Text,
)
from hookflash.sdk.testing import WebhookContract

BODY = json.dumps({"id": "m-1", "from": "carla", "text": "Hello", "at": 1767225600}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsConfig:
    """`key` is what the provider signs with."""

    key: Secret


class Sms(ChannelAdapter):
    """Text messages of a provider that does not exist."""

    kind = "sms"
    Config = SmsConfig

    def __init__(self, context: ChannelContext, config: SmsConfig) -> None:
        super().__init__(context, config)
        self._key = config.key

    def verify(self, request: HttpRequest) -> None:
        given = request.headers.get("x-signature")
        if given is None:
            raise BadSignature(is_absent=True)
        expected = hmac.new(self._key.reveal().encode(), request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise BadSignature(is_absent=False)

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        try:
            said = json.loads(request.body)
            key = ExternalId(said["id"])
            yield Inbound(
                dedupe_key=key,
                address=CustomerAddress(channel=self.context.channel, id=said["from"]),
                content=Text(text=said["text"]),
                at=datetime.fromtimestamp(said["at"], UTC),
                external_id=key,
            )
        except (ValueError, KeyError, TypeError, OverflowError, OSError) as error:
            raise ParseError("the body is no message") from error

    async def send(self, delivery: Delivery) -> ExternalId:
        return ExternalId(f"sms-{delivery.id}")


class TestSms(WebhookContract):
    adapter = Sms
    settings = {"key": "env:SMS_KEY"}  # noqa: RUF012 - declared by the contract
    environ = {"SMS_KEY": "hunter2"}  # noqa: RUF012 - declared by the contract
    secrets = ("hunter2",)
    signature_header = "x-signature"
    sample = HttpRequest(
        method="POST",
        path="/",
        headers={"x-signature": hmac.new(b"hunter2", BODY, hashlib.sha256).hexdigest()},
        body=BODY,
    )


class Careless(Sms):
    def verify(self, request: HttpRequest) -> None:
        """Believe everybody."""

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        json.loads(request.body)
        return []


def test_the_contract_catches_an_adapter_that_believes_everybody() -> None:
    contract = TestSms()
    contract.adapter = Careless  # type: ignore[misc]
    with pytest.raises(AssertionError):
        contract.test_a_request_without_signature_is_refused_as_such()
    with pytest.raises(AssertionError):
        contract.test_altered_bodies_and_signatures_are_refused()
    with pytest.raises(ValueError, match="Expecting"):
        contract.test_junk_raises_nothing_but_a_parse_error()
