"""The webhook sinks in a real engine: what customers saw is posted, signed, in order, and no whisper with it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from hookflash.plugins.webhook import AgentWebhooks, CustomerWebhooks, SinkConfig
from hookflash.sdk import Ack, Audience, Permanent, Secret, SendError, SinkContext, Throttled, Transient
from hookflash.sdk.channel import HttpResponse
from hookflash.sdk.testing import batch_of
from tests.actors.running import running
from tests.channels.fake_receiver import SECRET, FakeReceiver, fake_receiver
from tests.sinks.telling import CANARY, conference, host, started, until

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def receiver() -> AsyncIterator[FakeReceiver]:
    async with fake_receiver() as fake:
        yield fake


def _sink(receiver: FakeReceiver, http: httpx.AsyncClient) -> CustomerWebhooks:
    sink = CustomerWebhooks(SinkConfig(url=receiver.url, secret=Secret(SECRET)))
    sink.connect(SinkContext(http=http, clock=lambda: NOW))
    return sink


async def test_a_batch_is_one_request_and_its_entries_tell_what_was_shown(
    receiver: FakeReceiver, http: httpx.AsyncClient
) -> None:
    sink = _sink(receiver, http)
    assert await sink.deliver(batch_of(Audience.CUSTOMER, 3)) == Ack()
    (payload,) = receiver.taken.values()
    assert (payload["type"], payload["timestamp"]) == ("transcript.entries", "2026-01-01T00:00:00Z")
    assert payload["data"]["entries"][1:] == [
        {
            "id": "1/2",
            "conversation": "1",
            "sequence": 2,
            "at": "1970-01-01T00:00:02Z",
            "is_from_customer": False,
            "sender_name": "Ann",
            "text": "said 2",
        },
        {
            "id": "2/2",
            "conversation": "2",
            "sequence": 2,
            "at": "1970-01-01T00:00:03Z",
            "is_from_customer": False,
            "notice": "join.others.joined",
            "text": "noticed 3",
        },
    ]


async def test_the_same_batch_has_the_same_id_and_a_larger_one_another(
    receiver: FakeReceiver, http: httpx.AsyncClient
) -> None:
    sink = _sink(receiver, http)
    for count in (3, 3, 4):
        await sink.deliver(batch_of(Audience.CUSTOMER, count))
    assert (len(receiver.taken), receiver.repeats) == (2, 1)
    assert await sink.deliver([]) == Ack()
    assert len(receiver.requests) == 3


@pytest.mark.parametrize(
    ("status", "expected"), [(503, Transient), (429, Throttled), (400, Permanent), (410, Ack(is_gone=True))]
)
async def test_what_the_receiver_answers_ends_brings_again_or_is_told(
    status: int, expected: type[SendError] | Ack, receiver: FakeReceiver, http: httpx.AsyncClient
) -> None:
    receiver.troubles.append(HttpResponse(status=status))
    if isinstance(expected, Ack):
        assert await _sink(receiver, http).deliver(batch_of(Audience.CUSTOMER, 1)) == expected
        return
    with pytest.raises(expected):
        await _sink(receiver, http).deliver(batch_of(Audience.CUSTOMER, 1))


async def test_agents_events_are_posted_whole(receiver: FakeReceiver, http: httpx.AsyncClient) -> None:
    sink = AgentWebhooks(SinkConfig(url=receiver.url, secret=Secret(SECRET), audience="AGENTS"))
    sink.connect(SinkContext(http=http, clock=lambda: NOW))
    await sink.deliver(batch_of(Audience.AGENTS, 1))
    assert receiver.entries() == [
        {
            "id": "1/0",
            "position": 1,
            "index": 0,
            "at": "1970-01-01T00:00:01Z",
            "kind": "MessageSent",
            "subject": "conversation:1",
            "principal": "",
            "cause": "",
            "payload": {"n": 1},
        }
    ]


class Unconnectable(CustomerWebhooks):  # type: ignore[misc]  # final, for all but a test
    refusals = 2

    def connect(self, context: SinkContext) -> None:
        if self.refusals:
            self.refusals -= 1
            raise SystemExit("not even this ends the engine")
        super().connect(context)


@pytest.mark.spec("I3", "I7", "R-W3")
@pytest.mark.parametrize("made", [CustomerWebhooks, Unconnectable])
async def test_through_trouble_everything_is_posted_in_order_and_no_whisper(
    made: type[CustomerWebhooks], tmp_path: Path, receiver: FakeReceiver
) -> None:
    receiver.troubles.extend([HttpResponse(status=503), None, HttpResponse(status=429, headers={"retry-after": "0"})])
    sink = made(SinkConfig(url=receiver.url, secret=Secret(SECRET)))
    async with running() as run:
        sinks = await started(run, host(run, tmp_path, sink))
        await conference(run, lambda number: f"{CANARY} {number}")
        await until(lambda: any(entry["text"] == "answered 9" for entry in receiver.entries()))
        await sinks.stop()
    shown = receiver.entries()
    assert [entry["sequence"] for entry in shown] == list(range(1, 1 + len(shown)))
    assert [entry["text"] for entry in shown if entry["text"].startswith(("asked", "answered"))] == [
        text for number in range(10) for text in (f"asked {number}", f"answered {number}")
    ]
    assert receiver.forged == 0
    assert CANARY.encode() not in receiver.server.received
    assert run.clock.now() - int(receiver.requests[-1].headers["webhook-timestamp"]) < 60
