"""The contract tests of this plugin, with forms as Twilio's documentation shows them.

`hookflash plugin check twilio_sms` runs them. The signatures are made here, as the documentation says how.
"""

import base64
import hmac
from collections.abc import Mapping
from typing import ClassVar, Final
from urllib.parse import urlencode

import httpx

from hookflash.sdk import HttpRequest
from hookflash.sdk.testing import WebhookContract

from .adapter import TwilioSms

__all__ = ["TestTwilioSms"]

_ACCOUNT: Final = "AC" + "0" * 32
_TOKEN: Final = "12345-auth-token"  # noqa: S105 - nobody's
_SHARED: Final = "12345-shared-key"
_MEDIUM: Final = f"https://api.twilio.com/2010-04-01/Accounts/{_ACCOUNT}/Messages/MM1/Media/ME1"
_SAID: Final = {"AccountSid": _ACCOUNT, "From": "+14155550100", "To": "+15005550006", "NumMedia": "0"}


def _form(**fields: str) -> HttpRequest:
    signed = WebhookContract.public_url + "".join(name + fields[name] for name in sorted(fields))
    signature = base64.b64encode(hmac.digest(_TOKEN.encode(), signed.encode(), "sha1")).decode()
    return HttpRequest(
        method="POST", path="/channels/test", headers={"x-twilio-signature": signature}, body=urlencode(fields).encode()
    )


def _answer(_asked: httpx.Request) -> httpx.Response:
    return httpx.Response(201, json={"sid": "SM1", "status": "queued"})


class TestTwilioSms(WebhookContract):
    """From a number."""

    adapter = TwilioSms
    settings: ClassVar[Mapping[str, str]] = {
        "account_sid": _ACCOUNT,
        "auth_token": "env:TOKEN",
        "shared_key": "env:SHARED",
        "from_number": "+15005550006",
    }
    environ: ClassVar[Mapping[str, str]] = {"TOKEN": _TOKEN, "SHARED": _SHARED}
    secrets = (_TOKEN, _SHARED)
    customer = "+14155550100"
    answer = staticmethod(_answer)
    signature_header = "x-twilio-signature"
    sample = _form(MessageSid="SM1", Body="Hello", **_SAID)
    batch = sample
    unknown = _form(MessageSid="SM2", Body="", **_SAID)
    media = _form(
        MessageSid="MM1", Body="", MediaUrl0=_MEDIUM, MediaContentType0="image/png", **{**_SAID, "NumMedia": "1"}
    )
    receipt = _form(MessageSid="SM9", MessageStatus="delivered", AccountSid=_ACCOUNT)
