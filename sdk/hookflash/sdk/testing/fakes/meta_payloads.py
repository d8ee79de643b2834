"""What Meta posts to a webhook, made for a test: WhatsApp's, Messenger's and Instagram's, and the signature.

Their shapes are those of the recorded payloads in `tests/channels/payloads`; a test compares them.
"""

import hashlib
import hmac
import json
from typing import Any

from hookflash.sdk.channel import HttpRequest

__all__ = [
    "INSTAGRAM",
    "NUMBER",
    "PAGE",
    "messenger_body",
    "messenger_item",
    "signature",
    "signed",
    "subscription",
    "whatsapp_body",
    "whatsapp_status",
    "whatsapp_text",
]

NUMBER = "106540352242922"
PAGE = "1906385232743451"
INSTAGRAM = "17841405822304914"

Json = dict[str, Any]


def signature(secret: str, body: bytes) -> str:
    """The header X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed(secret: str, body: bytes) -> HttpRequest:
    """A webhook call with this body, as Meta makes it."""
    headers = {"content-type": "application/json", "x-hub-signature-256": signature(secret, body)}
    return HttpRequest(method="POST", path="/channels/test", headers=headers, body=body)


def subscription(token: str, challenge: str) -> HttpRequest:
    """The handshake of a webhook."""
    query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": challenge}
    return HttpRequest(method="GET", path="/channels/test", query=query)


def whatsapp_body(*, messages: list[Json] = [], statuses: list[Json] = [], contact: Json | None = None) -> bytes:  # noqa: B006
    """A change of the field `messages` with so many messages and statuses."""
    value: Json = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": NUMBER},
    }
    if contact is not None:
        value["contacts"] = [contact]
    if messages:
        value["messages"] = messages
    if statuses:
        value["statuses"] = statuses
    change = {"value": value, "field": "messages"}
    entry = {"id": "102290129340398", "changes": [change]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def whatsapp_text(external_id: str, sender: str, text: str, at_s: int) -> Json:
    """A text of a customer's."""
    return {"from": sender, "id": external_id, "timestamp": str(at_s), "type": "text", "text": {"body": text}}


def whatsapp_status(external_id: str, word: str, recipient: str, at_s: int, ours: str | None) -> Json:
    """A status of a message of ours."""
    status: Json = {"id": external_id, "status": word, "timestamp": str(at_s), "recipient_id": recipient}
    return status if ours is None else {**status, "biz_opaque_callback_data": ours}


def messenger_item(sender: str, recipient: str, at_ms: int, **of: Json) -> Json:
    """One item of `messaging`."""
    return {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": at_ms, **of}


def messenger_body(*items: Json, kind: str = "page", account: str = PAGE) -> bytes:
    """An entry with so many items."""
    return json.dumps({"object": kind, "entry": [{"id": account, "time": 1762352120467, "messaging": items}]}).encode()
