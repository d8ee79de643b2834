"""Each scheme of signatures keeps the contract, against the vendor's own library where there is one."""

import base64
import hashlib
import hmac
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

from standardwebhooks import Webhook
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from hookflash.sdk.channel import HttpRequest
from hookflash.sdk.config import Secret
from hookflash.sdk.signing import meta_sha256, sign_standard_webhooks, standard_webhooks, telegram_secret, twilio
from hookflash.sdk.testing import SigningContract

URL = "https://hookflash.example/channels/test"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _request(body: bytes, **headers: str) -> HttpRequest:
    return HttpRequest(
        method="POST",
        path="/channels/test",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body,
    )


class TestTwilio(SigningContract):
    header = "x-twilio-signature"

    def body(self, draw: random.Random) -> bytes:
        return urlencode({f"F{n}": draw.choice(("", "ä b", "1+1=2")) for n in range(draw.randrange(1, 9))}).encode()

    def signed(self, secret: str, body: bytes) -> HttpRequest:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        return _request(body, x_twilio_signature=RequestValidator(secret).compute_signature(URL, fields))

    def verify(self, secret: str, request: HttpRequest) -> None:
        twilio(Secret(secret), URL, request.body, request.headers.get(self.header))


class TestStandardWebhooks(SigningContract):
    header = "webhook-signature"
    own_secrets = (
        "whsec_" + base64.b64encode(b"k" * 24).decode(),
        "whsec_" + base64.b64encode(b"o" * 32).decode(),
    )

    def body(self, draw: random.Random) -> bytes:
        return "".join(draw.choice("{}:,ab 1ä") for _ in range(draw.randrange(80))).encode()

    def signed(self, secret: str, body: bytes) -> HttpRequest:
        signature = Webhook(secret).sign("msg_1", NOW, body.decode())
        return _request(
            body, webhook_id="msg_1", webhook_timestamp=str(int(NOW.timestamp())), webhook_signature=signature
        )

    def verify(self, secret: str, request: HttpRequest) -> None:
        standard_webhooks([Secret(secret)], request.headers, request.body, NOW)

    def made(self, secret: str, body: bytes) -> Mapping[str, str]:
        return sign_standard_webhooks([Secret(secret)], "msg_1", body, NOW)


class TestMeta(SigningContract):
    """Meta has no library of its own for Python: the oracle is the words of its documentation."""

    header = "x-hub-signature-256"

    def signed(self, secret: str, body: bytes) -> HttpRequest:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return _request(body, x_hub_signature_256=f"sha256={digest}")

    def verify(self, secret: str, request: HttpRequest) -> None:
        meta_sha256(Secret(secret), request.body, request.headers.get(self.header))


class TestTelegram(SigningContract):
    """The header is the secret itself."""

    header = "x-telegram-bot-api-secret-token"
    signs_the_body = False

    def signed(self, secret: str, body: bytes) -> HttpRequest:
        return _request(body, x_telegram_bot_api_secret_token=secret)

    def verify(self, secret: str, request: HttpRequest) -> None:
        telegram_secret(Secret(secret), request.headers.get(self.header))
