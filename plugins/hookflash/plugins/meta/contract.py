"""What the contract tests of Meta's channels share: secrets, settings, signature and handshake."""

from typing import ClassVar

from hookflash.sdk.testing import WebhookContract
from hookflash.sdk.testing.fakes.meta import ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN
from hookflash.sdk.testing.fakes.meta_payloads import subscription

__all__ = ["SECRETS", "MetaContract"]

SECRETS = {"app_secret": "env:APP_SECRET", "verify_token": "env:VERIFY_TOKEN", "access_token": "env:ACCESS_TOKEN"}


class MetaContract(WebhookContract):
    """Inherited by each channel's own."""

    __test__ = False
    environ: ClassVar = {"APP_SECRET": APP_SECRET, "VERIFY_TOKEN": VERIFY_TOKEN, "ACCESS_TOKEN": ACCESS_TOKEN}
    secrets = (APP_SECRET, VERIFY_TOKEN, ACCESS_TOKEN)
    signature_header = "x-hub-signature-256"
    handshake_sample = subscription(VERIFY_TOKEN, "1158201444")
    handshake_answer = b"1158201444"
    handshake_wrong = subscription("guessed", "1158201444")
