"""The webhook of an adapter outside: acknowledged when the engine has it, and guarded as it is inside."""

import asyncio
import hashlib
import hmac
from collections.abc import Iterable
from pathlib import Path
from threading import Event
from typing import ClassVar

import pytest

from hookflash.cli.channel_run import guard
from hookflash.cli.failures import CommandError
from hookflash.sdk.channel import (
    Arrival,
    ChannelAdapter,
    Delivery,
    HttpRequest,
)
from hookflash.sdk.errors import BadSignature, ParseError
from hookflash.sdk.testing.fakes.loopback import loopback_client
from hookflash.sdk.types import ExternalId
from tests.cli.outside import PATIENCE_S, running, said

KEY = b"a secret of this test"


class Signed(ChannelAdapter):
    """A webhook whose signature is a plain HMAC, one line of the body an arrival."""

    kind: ClassVar[str] = "signed"

    def verify(self, request: HttpRequest) -> None:
        given = request.headers.get("x-signature")
        if given is None:
            raise BadSignature(is_absent=True)
        if not hmac.compare_digest(given.encode(), _signature(request.body).encode()):
            raise BadSignature(is_absent=False)

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        try:
            lines = request.body.decode().splitlines()
        except UnicodeDecodeError as error:
            raise ParseError("not text") from error
        return [said(*line.split(" ", 1)) for line in lines]

    async def send(self, delivery: Delivery) -> ExternalId:
        return ExternalId(delivery.id)


def _signature(body: bytes) -> str:
    return hmac.new(KEY, body, hashlib.sha256).hexdigest()


async def test_a_webhook_is_acknowledged_when_the_engine_has_what_it_brought(tmp_path: Path) -> None:
    async with running(tmp_path, Signed, listen="127.0.0.1:0") as talking, loopback_client() as http:

        async def post(body: bytes, signature: str | None) -> int:
            headers = {} if signature is None else {"x-signature": signature}
            return (await http.post(talking.url, content=body, headers=headers)).status_code

        two = b"k1 hello\nk2 again"
        assert await post(two, None) == 401
        assert await post(two, "0" * 64) == 403
        assert await post(b"\xff", _signature(b"\xff")) == 200, "what cannot be read must not come again for ever"
        assert await post(two, _signature(two)) == 200
        assert await post(two, _signature(two)) == 200
        conversation = await talking.accepted()
        assert await talking.transcript(conversation) == ["hello", "again"]
        assert await post(b"k9 " + b"x" * 5000, _signature(b"k9 " + b"x" * 5000)) == 200, "refused for good"
        await talking.served.server.drain()
        late = b"k3 too late"
        assert await post(late, _signature(late)) == 503, "the provider brings it again"


class Hanging(Signed):
    """Its `parse` comes back when it is let."""

    let: ClassVar[Event]

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        self.let.wait(PATIENCE_S)
        return super().parse(request)


async def test_a_call_over_its_budget_costs_a_503_and_holds_up_no_delivery(tmp_path: Path) -> None:
    Hanging.let = Event()
    async with running(tmp_path, Hanging, listen="127.0.0.1:0") as talking, loopback_client() as http:

        async def post(key: str) -> int:
            body = f"{key} hello".encode()
            return (await http.post(talking.url, content=body, headers={"x-signature": _signature(body)})).status_code

        assert [await post("k1"), await post("k1")] == [503, 503], "late, and then still busy"
        Hanging.let.set()
        async with asyncio.timeout(PATIENCE_S):
            while await post("k1") != 200:
                pass
        conversation = await talking.accepted()
        assert await talking.transcript(conversation) == ["hello"]


async def test_a_call_that_never_comes_back_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "STUCK_S", 0.1)
    Hanging.let = Event()

    async def hang() -> None:
        async with running(tmp_path, Hanging, listen="127.0.0.1:0") as talking, loopback_client() as http:
            headers = {"x-signature": _signature(b"k1 hello")}
            assert (await http.post(talking.url, content=b"k1 hello", headers=headers)).status_code == 503
            await asyncio.wait((talking.working,), timeout=PATIENCE_S)

    with pytest.raises(CommandError, match="The adapter's parse has not come back"):
        await hang()
    Hanging.let.set()


class Open(Signed):
    """It takes whatever comes."""

    def verify(self, request: HttpRequest) -> None:
        """Believe it."""


async def test_an_adapter_that_takes_what_nobody_signed_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nobody has signed"):
        async with running(tmp_path, Open):
            pass


@pytest.mark.parametrize("listen", ["nonsense", "127.0.0.1:x", "127.0.0.1:70000", ":80"])
async def test_where_it_cannot_listen_is_said_in_a_sentence(tmp_path: Path, listen: str) -> None:
    with pytest.raises(CommandError, match="--listen reads HOST:PORT"):
        async with running(tmp_path, Signed, listen=listen):
            pass
