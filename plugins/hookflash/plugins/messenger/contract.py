"""The contract tests of the kinds `messenger` and `instagram`; `hookflash plugin check messenger` runs them.

The samples are made by the kit's fake of Meta, whose shapes are those of Meta's own pages.
"""

from functools import partial
from typing import Any, ClassVar

import httpx

from hookflash.plugins.messenger.adapter import Instagram, Messenger
from hookflash.plugins.meta.contract import SECRETS, MetaContract
from hookflash.sdk import HttpRequest
from hookflash.sdk.testing.fakes.meta import APP_SECRET
from hookflash.sdk.testing.fakes.meta_payloads import INSTAGRAM, PAGE, messenger_body, messenger_item, signed

__all__ = ["TestInstagram", "TestMessenger"]

_AT_MS = 1_762_352_120_467
_CUSTOMER = "7024325617613210"
_PICTURE = {"type": "image", "payload": {"url": "https://scontent.xx.fbcdn.net/photo.jpg"}}


def _taken(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"recipient_id": _CUSTOMER, "message_id": "m_1"})


def _brought(kind: str, account: str, *contents: dict[str, Any]) -> HttpRequest:
    """A request with an item of each of these."""
    items = [messenger_item(_CUSTOMER, account, _AT_MS, **of) for of in contents]
    return signed(APP_SECRET, messenger_body(*items, kind=kind, account=account))


def _echo(account: str, kind: str) -> HttpRequest:
    echo = {"is_echo": True, "mid": "m_7", "text": "Hello", "metadata": "conversations/1/deliveries/1"}
    item = messenger_item(account, _CUSTOMER, _AT_MS, message=echo)
    return signed(APP_SECRET, messenger_body(item, kind=kind, account=account))


_page, _instagram = partial(_brought, "page", PAGE), partial(_brought, "instagram", INSTAGRAM)


def _said(number: int) -> dict[str, Any]:
    return {"message": {"mid": f"m_{number}", "text": f"message {number}"}}


class TestMessenger(MetaContract):
    """One page."""

    __test__ = True
    adapter = Messenger
    settings: ClassVar = {**SECRETS, "page_id": PAGE}
    customer = _CUSTOMER
    answer = staticmethod(_taken)
    sample = _page(_said(1))
    batch = _page(_said(1), _said(2))
    unknown = _page({"message": {"mid": "m_1", "is_unsupported": True}})
    echo = _echo(PAGE, "page")
    receipt = _page({"delivery": {"mids": ["m_9"], "watermark": _AT_MS}})
    media = _page({"message": {"mid": "m_1", "attachments": [_PICTURE]}})


class TestInstagram(MetaContract):
    """One account."""

    __test__ = True
    adapter = Instagram
    settings: ClassVar = {**SECRETS, "page_id": PAGE, "account_id": INSTAGRAM}
    customer = _CUSTOMER
    answer = staticmethod(_taken)
    sample = _instagram(_said(1))
    batch = _instagram(_said(1), _said(2))
    unknown = _instagram({"message": {"mid": "m_1", "attachments": [{"type": "story_mention", "payload": {}}]}})
    echo = _echo(INSTAGRAM, "instagram")
    receipt = _instagram({"read": {"mid": "m_9"}})
    media = _instagram({"message": {"mid": "m_1", "attachments": [_PICTURE]}})
