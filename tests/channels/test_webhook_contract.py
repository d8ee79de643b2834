"""The webhook adapter and both webhook sinks keep the contracts that everybody's do."""

from datetime import UTC, datetime

import httpx
import pytest

from hookflash.plugins.webhook import AgentWebhooks, CustomerWebhooks, SinkConfig, Webhook
from hookflash.sdk import EventSink, Secret, SinkContext
from hookflash.sdk.testing import SinkContract, WebhookContract, Wire
from tests.channels.fake_receiver import SECRET, posted

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MESSAGE = {"id": "m-1", "from": "customer-1", "name": "Carla", "text": "Hello"}


def _answer(_asked: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"id": "their-1"})


class TestWebhook(WebhookContract):
    adapter = Webhook
    settings = {"url": "https://receiver.example/hook", "secret": "env:WHSEC"}  # noqa: RUF012 - declared by the contract
    environ = {"WHSEC": SECRET}  # noqa: RUF012 - declared by the contract
    secrets = (SECRET, SECRET.removeprefix("whsec_"))
    answer = staticmethod(_answer)  # type: ignore[assignment]  # mypy takes the ClassVar for a method
    signature_header = "webhook-signature"
    sample = posted("message.created", "msg_1", NOW, MESSAGE)
    batch = sample
    unknown = posted("message.created", "msg_2", NOW, {"from": "customer-1", "kind": "location"})
    media = posted(
        "message.created",
        "msg_3",
        NOW,
        {
            "from": "customer-1",
            "media": {"kind": "IMAGE", "url": "https://files.example/1.png", "mime_type": "image/png"},
        },
    )
    receipt = posted("delivery.receipt", "msg_4", NOW, {"delivery": "conversations/9/deliveries/1", "state": "READ"})


def _connected(sink: CustomerWebhooks | AgentWebhooks) -> EventSink:
    sink.connect(SinkContext(http=Wire().client(), clock=lambda: NOW))
    return sink


class TestCustomerWebhooks(SinkContract):
    @pytest.fixture
    def sink(self) -> EventSink:
        return _connected(CustomerWebhooks(SinkConfig(url="https://receiver.example/hook", secret=Secret(SECRET))))


class TestAgentWebhooks(SinkContract):
    @pytest.fixture
    def sink(self) -> EventSink:
        config = SinkConfig(url="https://receiver.example/hook", secret=Secret(SECRET), audience="AGENTS")
        return _connected(AgentWebhooks(config))
