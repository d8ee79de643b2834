"""The twilio_sms adapter keeps the contract of every channel that its provider calls."""

import httpx

from hookflash.plugins.twilio_sms import TwilioSms
from hookflash.sdk.testing import WebhookContract
from tests.channels.fake_twilio import ACCOUNT, OURS, TOKEN, inbound, signed

MEDIUM = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1"


def _answer(_asked: httpx.Request) -> httpx.Response:
    return httpx.Response(201, json={"sid": "SM1", "status": "queued"})


class TestTwilioSms(WebhookContract):
    adapter = TwilioSms
    settings = {  # noqa: RUF012 - declared by the contract
        "account_sid": ACCOUNT, "auth_token": "env:TOKEN", "shared_key": "env:SHARED", "from_number": OURS,
    }  # fmt: skip
    environ = {"TOKEN": TOKEN, "SHARED": "canary-shared-key"}  # noqa: RUF012 - declared by the contract
    secrets = (TOKEN, "canary-shared-key")
    customer = "+14155550100"
    answer = staticmethod(_answer)  # type: ignore[assignment]  # mypy takes the ClassVar for a method
    signature_header = "x-twilio-signature"
    sample = signed(inbound())
    batch = sample
    unknown = signed(inbound(2, ""))
    media = signed(inbound(3, "", NumMedia="1", MediaUrl0=MEDIUM, MediaContentType0="image/png"))
    receipt = signed({"MessageSid": "SM9", "MessageStatus": "delivered", "AccountSid": ACCOUNT})
