"""Contracts that a plugin's tests inherit: subclass one, supply its fixtures, and pytest collects its tests.

`contract` pins the set of tests, so that a newer SDK never turns a green plugin red: what is added later comes under a
higher number. Example: `class TestMine(StrategyContract)` with a pytest fixture `strategy` that returns the object.
"""

from hookflash.sdk.testing.adapters import AdapterContract, delivery_of
from hookflash.sdk.testing.authenticators import AuthenticatorContract
from hookflash.sdk.testing.contexts import RecordedLog, RecordedStore, channel_context
from hookflash.sdk.testing.fake_engine import FakeEngine, Sent
from hookflash.sdk.testing.filters import FilterContract
from hookflash.sdk.testing.pools import agent_views
from hookflash.sdk.testing.signing import SigningContract
from hookflash.sdk.testing.sinks import SinkContract, batch_of
from hookflash.sdk.testing.strategies import StrategyContract
from hookflash.sdk.testing.webhooks import WebhookContract
from hookflash.sdk.testing.wire import HANGS, Answer, Wire

__all__ = [
    "HANGS",
    "AdapterContract",
    "Answer",
    "AuthenticatorContract",
    "FakeEngine",
    "FilterContract",
    "RecordedLog",
    "RecordedStore",
    "Sent",
    "SigningContract",
    "SinkContract",
    "StrategyContract",
    "WebhookContract",
    "Wire",
    "agent_views",
    "batch_of",
    "channel_context",
    "delivery_of",
]
