"""What an adapter does wrong at its webhook costs that request, and tells its caller nothing."""

import asyncio
from typing import Any

import pytest

from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.commands import Apply
from hookflash.engine.domain.values import ChannelSettings
from hookflash.engine.edge.door import REQUESTS_MAX
from hookflash.sdk.channel import HttpRequest, HttpResponse
from hookflash.sdk.types import ChannelId
from tests.edge.at_edge import AtEdge, at_edge
from tests.edge.hook import BAD, HOOK, SIGNED, Hook, Misbehaving

RUBBISH = [ValueError("a customer's words"), SystemExit(1), KeyboardInterrupt(), None, 7, "text", object()]
METHODS = {"verify": 503, "parse": 200, "handshake": 503, "ack": 200, "app": 200}


async def _served(world: AtEdge, *channels: ChannelSettings) -> None:
    await world.run.run(SITE, Apply(channels=channels))
    await world.host.wait_until_settled()


async def _ask(world: AtEdge, channel: str, *, method: str = "POST", body: bytes = b"[]") -> HttpResponse:
    run = world.host.run_of(ChannelId(channel))
    assert run is not None
    return await run.answer(HttpRequest(method=method, path=f"/channels/{channel}", headers=SIGNED, body=body))


def _is_wrong(method: str, given: object) -> bool:
    """Nothing that `verify` answers is looked at, and None is what an adapter without application answers."""
    if isinstance(given, BaseException):
        return True
    return method != "verify" and (method, given) != ("app", None)


@pytest.mark.parametrize(
    ("method", "rubbish"),
    [(method, rubbish) for method in METHODS for rubbish in RUBBISH if _is_wrong(method, rubbish)],
    ids=lambda given: given if given in METHODS else type(given).__name__,
)
async def test_an_adapter_that_raises_or_answers_rubbish_fails_its_own_request_only(
    method: str, rubbish: object
) -> None:
    Misbehaving.wrong = {method: rubbish}
    async with at_edge(Hook, Misbehaving) as world:
        await _served(world, HOOK, BAD)
        answer = await _ask(world, "bad", method="GET" if method == "handshake" else "POST")
        assert (answer.status, answer.body) in ((METHODS[method], b""), (200, b"<Response/>"))
        (fault,) = world.plugins.faults
        assert fault[:2] == ("bad", f"channels/bad {method}")
        assert "words" not in fault[2]
        assert (await _ask(world, "hook", body=b'[["1", "carl", "hello"]]')).status == 200
        await world.until(lambda: world.events(e.MessageSent))


@pytest.mark.parametrize(
    "answer", [{"status": 99}, {"status": "200"}, {"body": "text"}, {"headers": {"a": "b\r\nc: d"}}, {"headers": 7}]
)
async def test_an_answer_that_cannot_be_sent_is_a_fault(answer: dict[str, Any]) -> None:
    Misbehaving.wrong = {"handshake": HttpResponse(**answer)}
    async with at_edge(Misbehaving) as world:
        await _served(world, BAD)
        assert (await _ask(world, "bad", method="GET")).status == 503
        assert len(world.plugins.faults) == 1


async def test_after_three_faults_the_provider_is_asked_to_come_again_without_asking_the_adapter() -> None:
    Misbehaving.wrong = {"verify": ValueError()}
    async with at_edge(Misbehaving) as world:
        await _served(world, BAD)
        for _ in range(5):
            answer = await _ask(world, "bad")
            assert (answer.status, answer.headers) == (503, {"retry-after": "5"})
        assert len(world.plugins.faults) == 3
        Misbehaving.wrong = {}
        world.clock.advance(31)
        assert (await _ask(world, "bad")).status == 200


@pytest.mark.spec("I16")
async def test_a_channel_has_so_many_requests_at_work_and_no_more() -> None:
    async with at_edge(Hook) as world:
        await _served(world, HOOK)
        body = b'[["1", "carl", "hello"]]'
        asked = [asyncio.ensure_future(_ask(world, "hook", body=body)) for _ in range(REQUESTS_MAX + 5)]
        statuses = [answer.status for answer in await asyncio.gather(*asked)]
        assert set(statuses) <= {200, 503}
        assert statuses.count(200) >= REQUESTS_MAX
