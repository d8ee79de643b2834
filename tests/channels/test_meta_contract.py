"""WhatsApp, Messenger and Instagram keep the contract of every webhook adapter."""

import httpx

from hookflash.plugins.messenger import Instagram, Messenger
from hookflash.plugins.whatsapp import WhatsApp
from hookflash.sdk import HttpRequest
from hookflash.sdk.testing import WebhookContract
from hookflash.sdk.testing.fakes.meta import ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN
from hookflash.sdk.testing.fakes.meta_payloads import NUMBER, PAGE
from tests.channels.payloads import payload, signed

SECRETS = {"app_secret": "env:APP_SECRET", "verify_token": "env:VERIFY_TOKEN", "access_token": "env:ACCESS_TOKEN"}


def _handshake(token: str) -> HttpRequest:
    query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
    return HttpRequest(method="GET", path="/channels/test", query=query)


def _takes_whatsapp(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"messages": [{"id": "wamid.1"}]})


def _takes_message(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"recipient_id": "7", "message_id": "m_1"})


class Shared(WebhookContract):
    __test__ = False
    environ = {"APP_SECRET": APP_SECRET, "VERIFY_TOKEN": VERIFY_TOKEN, "ACCESS_TOKEN": ACCESS_TOKEN}  # noqa: RUF012
    secrets = (APP_SECRET, VERIFY_TOKEN, ACCESS_TOKEN)
    signature_header = "x-hub-signature-256"
    handshake_sample = _handshake(VERIFY_TOKEN)
    handshake_answer = b"1158201444"
    handshake_wrong = _handshake("guessed")


class TestWhatsApp(Shared):
    __test__ = True
    adapter = WhatsApp
    settings = {**SECRETS, "phone_number_id": NUMBER}  # noqa: RUF012
    customer = "US.13491208655302741918"
    sample = signed(payload("whatsapp", "text"))
    batch = signed(payload("whatsapp", "batched"))
    unknown = signed(payload("whatsapp", "unsupported"))
    echo = signed(payload("whatsapp", "echo"))
    receipt = signed(payload("whatsapp", "status_delivered"))
    media = signed(payload("whatsapp", "image"))
    answer = _takes_whatsapp


class TestMessenger(Shared):
    __test__ = True
    adapter = Messenger
    settings = {**SECRETS, "page_id": PAGE}  # noqa: RUF012
    customer = "7024325617613210"
    sample = signed(payload("messenger", "text"))
    batch = signed(payload("messenger", "batched"))
    unknown = signed(payload("messenger", "unsupported"))
    echo = signed(payload("messenger", "echo_of_ours"))
    receipt = signed(payload("messenger", "delivery"))
    media = signed(payload("messenger", "image"))
    answer = _takes_message


class TestInstagram(Shared):
    __test__ = True
    adapter = Instagram
    settings = {**SECRETS, "page_id": PAGE, "account_id": "17841405822304914"}  # noqa: RUF012
    customer = "17842103251624917"
    sample = signed(payload("messenger", "instagram_text"))
    batch = sample
    unknown = signed(payload("messenger", "instagram_story_mention"))
    echo = signed(payload("messenger", "instagram_echo"))
    receipt = signed(payload("messenger", "instagram_seen"))
    media = signed(payload("messenger", "instagram_image"))
    answer = _takes_message
