"""The contract tests of the kind `whatsapp`; `hookflash plugin check whatsapp` runs them.

The samples are made by the kit's fake of Meta, whose shapes are those of Meta's own pages.
"""

import json
from typing import Any, ClassVar

import httpx

from hookflash.plugins.meta.contract import SECRETS, MetaContract
from hookflash.plugins.whatsapp.adapter import WhatsApp
from hookflash.sdk import HttpRequest
from hookflash.sdk.testing.fakes.meta import APP_SECRET
from hookflash.sdk.testing.fakes.meta_payloads import NUMBER, signed, whatsapp_body, whatsapp_status, whatsapp_text

__all__ = ["TestWhatsApp"]

_AT_S = 1_749_416_383
_CUSTOMER = "US.13491208655302741918"
_CONTACT = {"profile": {"name": "Carl"}, "wa_id": "16505551234", "user_id": _CUSTOMER}
_ECHOED = {
    "messaging_product": "whatsapp",
    "metadata": {"display_phone_number": "15550783881", "phone_number_id": NUMBER},
    "contacts": [_CONTACT],
    "message_echoes": [{**whatsapp_text("wamid.7", "15550783881", "From the app", _AT_S), "to": "16505551234"}],
}
_ECHO = {
    "object": "whatsapp_business_account",
    "entry": [{"id": "1", "changes": [{"field": "smb_message_echoes", "value": _ECHOED}]}],
}


def _message(number: int, **changes: object) -> dict[str, Any]:
    return {**whatsapp_text(f"wamid.{number}", "16505551234", f"message {number}", _AT_S), **changes}


def _brought(*messages: dict[str, Any]) -> HttpRequest:
    return signed(APP_SECRET, whatsapp_body(messages=list(messages), contact=_CONTACT))


def _taken(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"messages": [{"id": "wamid.1"}]})


class TestWhatsApp(MetaContract):
    """One business number."""

    __test__ = True
    adapter = WhatsApp
    settings: ClassVar = {**SECRETS, "phone_number_id": NUMBER}
    customer = _CUSTOMER
    answer = staticmethod(_taken)
    sample = _brought(_message(1))
    batch = _brought(_message(1), _message(2))
    unknown = _brought(_message(1, type="hologram"))
    echo = signed(APP_SECRET, json.dumps(_ECHO).encode())
    receipt = signed(APP_SECRET, whatsapp_body(statuses=[whatsapp_status("wamid.9", "read", "1", _AT_S, "ours")]))
    media = _brought(_message(1, type="image", image={"id": "1003383421387256", "mime_type": "image/jpeg"}))
