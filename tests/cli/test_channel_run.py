"""An adapter in a process of its own, against a real server: what comes in, what goes out, and what errors mean."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from hookflash.cli.channel_run import Place, Runner, adapter_of, installed_kinds
from hookflash.cli.channel_run.probing import Finding, probed
from hookflash.cli.channel_run.store import FileStore
from hookflash.cli.failures import CommandError
from hookflash.sdk.channel import (
    Arrival,
    ChannelAdapter,
    CustomerAddress,
    CustomerLeft,
    Delivery,
    HttpRequest,
    Inbound,
    Receipt,
    ReceiptState,
    Text,
    Typing,
    Unsupported,
)
from hookflash.sdk.client import Client, HookflashError
from hookflash.sdk.client import messages as m
from hookflash.sdk.errors import BadSignature, ParseError, Permanent, Transient
from hookflash.sdk.types import ChannelId, ExternalId, Role
from tests.edge.adapters import Provider, web_adapter
from tests.server.serving import Refused, Serving, serving

WEB = ChannelId("web")
AT = datetime(2026, 1, 1, tzinfo=UTC)
KEY = b"a secret of this test"
PATIENCE_S = 20.0


def said(key: str, text: str, *, by: str = "carl") -> Inbound:
    address = CustomerAddress(channel=WEB, id=by)
    return Inbound(dedupe_key=key, address=address, content=Text(text=text), at=AT, external_id=ExternalId(key))


@dataclass
class Talking:
    """A server with one agent at his desk, and an adapter that runs outside of it."""

    served: Serving
    ann: Any
    desk: Any
    url: str

    async def accepted(self) -> str:
        offer = (await self.desk.until("offer_made")).offer
        await self.ann.call("AgentService/AcceptOffer", name=offer.name)
        return str(offer.conversation)

    async def say(self, conversation: str, *texts: str) -> None:
        for text in texts:
            await self.ann.call("ConversationService/SendMessage", name=conversation, text=text)

    async def transcript(self, conversation: str) -> list[str]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    answer = await self.served.admin.call("ConversationService/GetTranscript", name=conversation)
                    break
                except Refused as refused:
                    if not refused.retry:  # Else the views of a busy machine are behind for a moment.
                        raise
        return [entry.message.text for entry in answer.entries if entry.HasField("message")]

    async def until(self, is_so: Any) -> None:  # noqa: ANN401  what is awaited differs from test to test
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    folder: Path, adapter: type[ChannelAdapter], *, listen: str | None = None, **settings: str
) -> AsyncIterator[Talking]:
    async with serving(folder / "data") as served:
        await served.site("ann")
        await served.admin.call(
            "AdminService/Apply",
            queues=[m.Queue(name="queues/billing")],
            agents=[m.Agent(name="agents/ann")],
            channels=[m.Channel(name="channels/web", kind="web", is_external=True, queue="queues/billing")],
        )
        ann = await served.agent("ann")
        token = (await served.client(Role.ADAPTER, "channels/web", channel="web")).token
        runner = Runner(WEB, adapter, settings, Place(state=folder / "state.sqlite", listen=listen))
        on_started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        async with Client(served.address, token=token) as client, ann.stream("AgentService/Attach") as desk:
            await desk.until("welcome")
            await served.ready(ann)
            working = asyncio.ensure_future(runner.run(client, on_started))
            waited: set[asyncio.Future[Any]] = {working, on_started}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
            try:
                yield Talking(served, ann, desk, on_started.result())
            finally:
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working


@pytest.mark.spec("I3")
async def test_a_conversation_runs_through_an_adapter_outside(tmp_path: Path) -> None:
    provider = Provider()
    async with running(tmp_path, web_adapter(provider)) as talking:
        for brought in (said("1", "hello"), said("1", "hello"), said("2", "again")):
            provider.arrivals.put_nowait(brought)
        conversation = await talking.accepted()
        await talking.say(conversation, "one", "two", "three")
        await talking.until(lambda: "three" in provider.texts("carl"))
        assert [text for text in provider.texts("carl") if text in ("one", "two", "three")] == ["one", "two", "three"]
        async with asyncio.timeout(PATIENCE_S):
            while "again" not in (said_so_far := await talking.transcript(conversation)):
                pass
        assert [text for text in said_so_far if text in ("hello", "again")] == ["hello", "again"]
        provider.arrivals.put_nowait(
            CustomerLeft(dedupe_key="3", address=CustomerAddress(channel=WEB, id="carl"), at=AT)
        )
        arrivals: tuple[Arrival, ...] = (
            Typing(address=CustomerAddress(channel=WEB, id="carl")),
            Receipt(dedupe_key="4", state=ReceiptState.READ, at=AT, external_id=ExternalId("x")),
            Unsupported(
                dedupe_key="5",
                address=CustomerAddress(channel=WEB, id="dora"),
                what="a sticker",
                at=AT,
                external_id=ExternalId("5"),
            ),
        )
        for arrival in arrivals:
            provider.arrivals.put_nowait(arrival)
        second = await talking.accepted()
        assert await talking.transcript(second) == ["(a sticker)"]
    assert (provider.started, provider.stopped) == (1, 1)


async def test_what_an_error_means_goes_by_its_class(tmp_path: Path) -> None:
    provider = Provider(answers={"bad": [Permanent("131026", "no such number")], "later": [Transient("503")]})
    async with running(tmp_path, web_adapter(provider)) as talking:
        provider.arrivals.put_nowait(said("1", "hello"))
        conversation = await talking.accepted()
        await talking.say(conversation, "bad", "fine", "later", "last")
        await talking.until(lambda: "later" in provider.texts("carl"))
        while "last" not in provider.texts("carl")[provider.texts("carl").index("later") + 1 :]:
            talking.served.clock.advance(0.5)
            await asyncio.sleep(0.01)
        texts = [text for text in provider.texts("carl") if text in ("bad", "fine", "later", "last")]
        assert texts[:2] == ["bad", "fine"], "what failed for good is stepped over"
        assert texts[-2:] == ["later", "last"], "what failed for now comes again before what comes after it"
        timeline = (await talking.served.admin.call("ConversationService/ListTimeline", name=conversation)).entries
        assert any("no such number (131026)" in entry.notice.text for entry in timeline)


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
    async with running(tmp_path, Signed, listen="127.0.0.1:0") as talking, httpx.AsyncClient() as http:

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


class Open(Signed):
    """It takes whatever comes."""

    def verify(self, request: HttpRequest) -> None:
        """Believe it."""


async def test_an_adapter_that_takes_what_nobody_signed_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nobody has signed"):
        async with running(tmp_path, Open):
            pass


async def test_settings_that_do_not_fit_are_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no setting 'color'"):
        async with running(tmp_path, web_adapter(Provider()), color="red"):
            pass


async def test_a_token_of_another_channel_ends_it_with_the_engines_words(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as served:
        await served.site("ann")
        other = await served.client(Role.ADAPTER, "channels/other", channel="other")
        runner = Runner(WEB, web_adapter(Provider()), {}, Place(state=tmp_path / "state.sqlite"))
        async with Client(served.address, token=other.token) as client:
            with pytest.raises(HookflashError, match="ROLE_NOT_ALLOWED"):
                await runner.run(client)


async def test_what_an_adapter_remembers_outlives_the_process_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    store = FileStore(path)
    await store.put("cursor", "7")
    await store.put("cursor", "8")
    await store.put("gone", "x")
    await store.delete("gone")
    with pytest.raises(ValueError, match="65,536 bytes"):
        await store.put("large", "x" * 65_537)
    store.close()
    again = FileStore(path)
    assert (await again.get("cursor"), await again.get("gone")) == ("8", None)
    again.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_any_installed_adapter_is_found_by_its_kind() -> None:
    assert adapter_of("console").kind == "console"
    assert {"console", "telegram", "webhook"} <= set(installed_kinds())
    with pytest.raises(CommandError, match=r"No adapter of kind 'fax' is installed here; there are: .*console"):
        adapter_of("fax")


async def _probe(kind: str, url: str | None = None, **settings: str) -> dict[str, Finding]:
    channel = m.Channel(name="channels/web", kind=kind, settings=settings)
    return {looked.what: looked.outcome async for looked in probed(channel, url)}


async def test_a_probe_says_what_it_looked_at() -> None:
    ok, failed, skipped = Finding.OK, Finding.FAILED, Finding.SKIPPED
    assert await _probe("console") == {
        "applied": ok,
        "adapter": ok,
        "settings": ok,
        "signature": skipped,
        "provider": skipped,
    }
    assert await _probe("fax") == {"applied": ok, "adapter": failed}
    assert await _probe("console", colour="red") == {"applied": ok, "adapter": ok, "settings": failed}
    webhook = await _probe("console", url="http://127.0.0.1:9/")
    assert webhook["webhook"] is failed
