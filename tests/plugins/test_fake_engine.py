"""The kit's small engine keeps the rules that an adapter can see: each arrival once, and an error's own patience."""

from dataclasses import replace

import httpx
import pytest

from hookflash.sdk import Delivery, ExternalId, Permanent, Receipt, ReceiptState, Throttled, Transient
from hookflash.sdk.testing import FakeEngine, Wire
from tests.plugins import test_webhook_contract as sms

SAMPLE = sms.TestSms.sample


class Calling(sms.Sms):
    """The same, but it calls its provider."""

    async def send(self, delivery: Delivery) -> ExternalId:
        answer = await self.context.http.post("https://provider.example/", json={"id": delivery.id})
        match answer.status_code:
            case 200:
                return ExternalId(f"x-{delivery.sequence}")
            case 429:
                raise Throttled(7.0)
            case 503:
                raise Transient("down")
            case _:
                raise Permanent(str(answer.status_code), "refused")


def _engine(wire: Wire | None = None) -> FakeEngine:
    return FakeEngine(Calling, sms.TestSms.settings, environ=sms.TestSms.environ, wire=wire)


async def test_what_is_brought_twice_is_taken_once() -> None:
    async with _engine() as engine:
        assert [(await engine.request(SAMPLE)).status for _ in range(2)] == [200, 200]
        assert len(engine.arrivals) == 1


async def test_a_request_without_signature_is_401_and_a_forged_one_403() -> None:
    async with _engine() as engine:
        assert (await engine.request(replace(SAMPLE, headers={}))).status == 401
        assert (await engine.request(replace(SAMPLE, body=b"{}"))).status == 403
        assert engine.arrivals == []


async def test_a_delivery_goes_again_under_its_key_until_it_is_taken_and_waits_as_long_as_it_is_told() -> None:
    wire = Wire()
    wire.next.extend([httpx.Response(429), httpx.Response(503), httpx.Response(200)])
    async with _engine(wire) as engine:
        began = engine.adapter.context.clock()
        sent = await engine.say("Hello")
        assert (sent.attempts, sent.external_id, sent.error) == (3, "x-1", None)
        assert (engine.adapter.context.clock() - began).total_seconds() == 8.0
        assert len({request.content for request in wire.requests}) == 1


async def test_what_is_refused_for_good_is_not_tried_again() -> None:
    wire = Wire(lambda _request: httpx.Response(400))
    async with _engine(wire) as engine:
        sent = await engine.say("Hello")
        assert (sent.attempts, type(sent.error)) == (1, Permanent)


@pytest.mark.parametrize("state", list(ReceiptState))
async def test_a_receipt_tells_how_far_a_delivery_came(state: ReceiptState) -> None:
    async with _engine() as engine:
        sent = await engine.say("Hello")
        at = engine.adapter.context.clock()
        await engine.adapter.context.take(Receipt(dedupe_key="r", state=state, at=at, external_id=sent.external_id))
        assert engine.state_of(sent) is state
