"""Over HTTP: what a provider, an adapter's own page or a web socket is answered, and that a stop is in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
import pytest
import websockets.asyncio.client as websockets

from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.commands import Apply
from hookflash.engine.domain.values import ChannelSettings
from hookflash.engine.edge.adapter_host import ChannelState
from hookflash.engine.edge.http.edge import HttpEdge
from hookflash.engine.edge.inbox_file import InboxFile
from hookflash.engine.settings import HttpSettings, Limits
from hookflash.sdk.channel import (
    AsgiApp,
    ChannelAdapter,
    HttpRequest,
)
from hookflash.sdk.testing.fakes.loopback import loopback_client
from hookflash.sdk.types import ChannelId
from tests.edge.adapters import Provider, web_adapter
from tests.edge.at_edge import AtEdge, at_edge
from tests.edge.hook import HOOK, SIGNED, Hook

BODY_BYTES_MAX = 10_000


@dataclass
class OverHttp:
    """An engine's edge with its port."""

    world: AtEdge
    http: httpx.AsyncClient
    edge: HttpEdge

    async def apply(self, *channels: ChannelSettings) -> None:
        await self.world.run.run(SITE, Apply(channels=channels))
        await self.world.host.wait_until_settled()

    async def post(self, *said: tuple[str, str, str], channel: str = "hook", **given: Any) -> httpx.Response:  # noqa: ANN401  what httpx takes
        return await self.http.post(f"/channels/{channel}", json=said, **({"headers": SIGNED} | given))

    def texts(self) -> list[str]:
        return [message.text for message in self.world.events(e.MessageSent) if message.agent is None]


@asynccontextmanager
async def over_http(
    *adapters: type[ChannelAdapter],
    channels: tuple[ChannelSettings, ...] = (HOOK,),
    **given: Any,  # noqa: ANN401  what `at_edge` takes
) -> AsyncIterator[OverHttp]:
    given.setdefault("http", HttpSettings(listen="127.0.0.1:0"))
    async with at_edge(*(adapters or (Hook,)), **given) as world:
        edge = HttpEdge(world.edge.http, world.host, body_bytes_max=BODY_BYTES_MAX)
        await edge.start()
        try:
            async with loopback_client(base_url=edge.url, timeout=10) as http:
                served = OverHttp(world, http, edge)
                await served.apply(*channels)
                yield served
        finally:
            await edge.stop()


async def test_a_signed_request_is_acknowledged_in_the_adapters_way_and_becomes_messages() -> None:
    async with over_http() as served:
        answer = await served.post(("1", "carl", "hello"), ("2", "dora", "me too"))
        assert (answer.status_code, answer.headers["content-type"], answer.text) == (200, "text/xml", "<Response/>")
        await served.world.until(lambda: len(served.texts()) == 2)
        assert set(served.texts()) == {"hello", "me too"}


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 401), ({"x-secret": "wrong"}, 403), ({"x-secret": "w\u00e4r"}, 403), (SIGNED, 200)]
)
async def test_what_the_provider_did_not_sign_is_refused(headers: dict[str, str], status: int) -> None:
    async with over_http() as served:
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = await served.http.post("/channels/hook", json=[], headers=encoded)
        assert answer.status_code == status
        assert served.texts() == []


async def test_the_providers_challenge_is_answered_under_any_path_of_the_channel() -> None:
    async with over_http() as served:
        right = await served.http.get("/channels/hook/status", params={"token": "mine", "challenge": "42"})
        assert (right.status_code, right.text) == (200, "/channels/hook/status 42")
        assert (await served.http.get("/channels/hook", params={"token": "other"})).status_code == 403


async def test_paths_and_methods_that_are_none_are_refused_and_a_channel_that_is_down_asks_to_come_again() -> None:
    class Broken(Hook):
        kind: ClassVar[str] = "broken"

        async def start(self) -> None:
            raise ValueError("secret")

    broken = ChannelSettings(id=ChannelId("broken"), kind="broken")
    async with over_http(Hook, Broken, channels=(HOOK, broken)) as served:
        for path in ("/", "/channels", "/channels/other", "/channels/hook/app/x", "/media/x"):
            assert (await served.http.get(path)).status_code == 404, path
        assert (await served.http.put("/channels/hook")).status_code == 405
        answer = await served.post(channel="broken")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.spec("I16")
async def test_a_body_over_the_limit_is_refused_whether_it_says_so_or_not() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 1_000

    async with over_http() as served:
        for content in (b" " * (BODY_BYTES_MAX + 1), pieces()):
            answer = await served.http.post("/channels/hook", content=content, headers=SIGNED)
            assert answer.status_code == 413
        assert (await served.post(("1", "carl", "x" * 4_000))).status_code == 200


@pytest.mark.spec("I16")
async def test_a_provider_that_is_too_fast_is_told_when_to_come_again() -> None:
    async with over_http() as served:
        for number in range(400):
            served.world.edge.webhook_rates.admit(ChannelId("hook"))
            assert number < 400
        answer = await served.post(("1", "carl", "hello"))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        served.world.clock.advance(1)
        assert (await served.post(("1", "carl", "hello"))).status_code == 200


@pytest.mark.spec("I2")
async def test_two_copies_at_the_same_moment_are_one_message() -> None:
    async with over_http() as served:
        said = ("1", "carl", "hello")
        answers = await asyncio.gather(*(served.post(said) for _ in range(10)))
        assert {answer.status_code for answer in answers} == {200}
        await served.post(("2", "carl", "end"))
        await served.world.until(lambda: "end" in served.texts())
        assert served.texts() == ["hello", "end"]


@pytest.mark.spec("I1")
async def test_the_acknowledgement_does_not_wait_for_a_conversation_that_refuses() -> None:
    async with over_http(limits=Limits(command_burst_max=1)) as served:
        said = [(str(number), "carl", f"text {number}") for number in range(5)]
        assert (await served.post(*said)).status_code == 200
        await served.world.until(served.texts)
        assert served.texts() == ["text 0"]
        await served.world.pass_until(lambda: len(served.texts()) == 5)
        assert served.texts() == [text for _, _, text in said]


async def test_a_body_that_cannot_be_read_is_kept_raw_acknowledged_and_reported() -> None:
    file = InboxFile(None)
    async with over_http(file=file) as served:
        answer = await served.http.post("/channels/hook", content=b"\xff no JSON", headers=SIGNED)
        assert answer.status_code == 200
        assert [raw.body for raw in await file.raw("hook")] == [b"\xff no JSON"]
        assert served.world.plugins.faults == [("hook", "channels/hook parse", "ParseError", "kept it raw")]
    file.close()


class Open(Hook):
    """Takes what anybody sends."""

    kind: ClassVar[str] = "open"

    def verify(self, request: HttpRequest) -> None:
        """Check nothing."""


async def test_an_adapter_that_verifies_nothing_is_started_only_where_that_is_said() -> None:
    meant = ChannelSettings(id=ChannelId("meant"), kind="open", settings={"insecure": "true"})
    unmeant = ChannelSettings(id=ChannelId("unmeant"), kind="open")
    async with over_http(Open, channels=(meant, unmeant)) as served:
        reports = served.world.host.reports
        assert reports[meant.id].state is ChannelState.RUNNING
        assert reports[unmeant.id].state is ChannelState.FAILED
        assert "insecure = true" in reports[unmeant.id].reason


class WithApp(Hook):
    """Has an application of its own: it tells its path, echoes on a web socket, and fails when asked to."""

    kind: ClassVar[str] = "app"

    def app(self) -> AsgiApp | None:
        async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  ASGI
            if scope["path"].endswith("/exit"):
                raise SystemExit(1)
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.accept"})
                while (message := await receive())["type"] == "websocket.receive":
                    if message["text"] == "exit":
                        raise SystemExit(1)
                    await send({"type": "websocket.send", "text": message["text"]})
                return
            body = b"".join([(await receive()).get("body", b"")])
            path = scope["path"].removeprefix(scope["root_path"]).encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": path + body})

        return app


APP = ChannelSettings(id=ChannelId("app"), kind="app")


async def test_an_adapters_own_application_serves_pages_and_web_sockets_until_its_channel_stops() -> None:
    async with over_http(WithApp, Hook, channels=(APP, HOOK)) as served:
        assert (await served.http.get("/channels/app/app/page")).text == "/page"
        assert (await served.http.get("/channels/app/app/exit")).status_code == 500
        url = served.edge.url.replace("http", "ws") + "/channels/app/app/chat"
        async with websockets.connect(url, proxy=None) as socket:
            await socket.send("hello")
            assert await socket.recv() == "hello"
            await socket.send("exit")
            await socket.wait_closed()
            assert socket.close_code == 1011
        assert [fault[1:3] for fault in served.world.plugins.faults] == [
            ("channels/app app", "PluginRaisedError"),
            ("channels/app app", "PluginRaisedError"),
        ]
        async with websockets.connect(url, proxy=None) as socket:
            await socket.send("hello")
            assert await socket.recv() == "hello"
            await served.apply(HOOK, ChannelSettings(id=ChannelId("app"), kind="app", is_external=True))
            await socket.wait_closed()
        assert (await served.http.get("/channels/app/app/page")).status_code == 404


async def test_a_request_at_work_is_finished_before_the_port_is_given_back() -> None:
    began, goes_on = asyncio.Event(), asyncio.Event()

    class Slow(WithApp):
        def app(self) -> AsgiApp | None:
            async def app(_scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401  ASGI
                began.set()
                await goes_on.wait()
                await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
                await send({"type": "http.response.body", "body": b"done"})

            return app

    async with over_http(Slow, channels=(APP,)) as served:
        asked = asyncio.ensure_future(served.http.get("/channels/app/app/"))
        await began.wait()
        stopping = asyncio.ensure_future(served.edge.stop())
        await asyncio.sleep(0)
        goes_on.set()
        assert (await asked).text == "done"
        await stopping
        with pytest.raises(httpx.ConnectError):
            await served.http.get("/channels/app/app/")


async def test_a_channel_knows_where_its_provider_reaches_it() -> None:
    provider = Provider()
    http = HttpSettings(public_url="https://chat.example.com")
    async with at_edge(web_adapter(provider), http=http) as world:
        await world.apply(kind="web")
        await world.host.wait_until_settled()
        assert provider.contexts[0].public_url == "https://chat.example.com/channels/web"
