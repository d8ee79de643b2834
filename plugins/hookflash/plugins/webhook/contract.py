"""The contract tests of this plugin: the channel, and the sink with either audience.

`hookflash plugin check webhook` runs them.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar, Final

import httpx
import pytest

from hookflash.sdk import EventSink, HttpRequest, Secret, SinkContext
from hookflash.sdk.signing import sign_standard_webhooks
from hookflash.sdk.testing import SinkContract, WebhookContract, Wire

from .adapter import Webhook
from .config import SinkConfig
from .sink import AgentWebhooks, CustomerWebhooks

__all__ = ["TestAgentWebhooks", "TestCustomerWebhooks", "TestWebhook"]

_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the documentation
_URL: Final = "https://receiver.example/hook"


def _request(type_: str, key: str, **fields: object) -> HttpRequest:
    body = json.dumps({"type": type_, "data": fields}).encode()
    headers = sign_standard_webhooks([Secret(_SECRET)], key, body, _NOW)
    return HttpRequest(method="POST", path="/channels/test", headers=headers, body=body)


def _answer(_asked: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"id": "their-1"})


class TestWebhook(WebhookContract):
    """The channel."""

    adapter = Webhook
    settings: ClassVar[Mapping[str, str]] = {"url": _URL, "secret": "env:WHSEC"}
    environ: ClassVar[Mapping[str, str]] = {"WHSEC": _SECRET}
    secrets = (_SECRET, _SECRET.removeprefix("whsec_"))
    answer = staticmethod(_answer)
    signature_header = "webhook-signature"
    sample = _request("message.created", "msg_1", id="m-1", name="Carla", text="Hello", **{"from": "customer-1"})
    batch = sample
    unknown = _request("message.created", "msg_2", kind="location", **{"from": "customer-1"})
    media = _request("message.created", "msg_3", media={"url": "https://x.example/1.png"}, **{"from": "customer-1"})
    receipt = _request("delivery.receipt", "msg_4", delivery="conversations/9/deliveries/1", state="READ")


def _connected(sink: CustomerWebhooks | AgentWebhooks) -> EventSink:
    sink.connect(SinkContext(http=Wire().client(), clock=lambda: _NOW))
    return sink


class TestCustomerWebhooks(SinkContract):
    """The sink of what customers see."""

    @pytest.fixture
    def sink(self) -> EventSink:
        """Make it."""
        return _connected(CustomerWebhooks(SinkConfig(url=_URL, secret=Secret(_SECRET))))


class TestAgentWebhooks(SinkContract):
    """The sink of everything."""

    @pytest.fixture
    def sink(self) -> EventSink:
        """Make it."""
        return _connected(AgentWebhooks(SinkConfig(url=_URL, secret=Secret(_SECRET), audience="AGENTS")))
