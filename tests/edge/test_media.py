"""A customer's picture is fetched once, shown by where it is, and served as nothing but a download."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hookflash.engine.domain import events as e
from hookflash.engine.domain.struct import changed
from hookflash.engine.edge.http.edge import HttpEdge
from hookflash.engine.edge.inbox_file import InboxFile
from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.settings import HttpSettings
from hookflash.sdk.channel import (
    Capabilities,
    ChannelAdapter,
    CustomerAddress,
    Inbound,
    Media,
    MediaKind,
    MediaRef,
    Text,
)
from hookflash.sdk.errors import Permanent, Transient
from hookflash.sdk.testing.fakes.loopback import loopback_client
from hookflash.sdk.types import ExternalId
from tests.actors.running import WEB
from tests.edge.adapters import Provider, web_adapter
from tests.edge.at_edge import AtEdge, at_edge
from tests.edge.hook import NOW

HTTP = HttpSettings(listen="127.0.0.1:0", public_url="https://chat.example.com", media_bytes_max=100)


def _with_media(provider: Provider, pieces: list[object], asked: list[MediaRef]) -> type[ChannelAdapter]:
    """An adapter that brings these pieces, once each; an error among them is raised. It sends no media."""

    class WithMedia(web_adapter(provider)):  # type: ignore[misc]  # a class made by a function
        capabilities: ClassVar[Capabilities] = Capabilities(media_size_max={"*/*": 0})

        async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
            asked.append(ref)
            while pieces:
                piece = pieces.pop(0)
                if isinstance(piece, BaseException):
                    raise piece
                yield piece  # type: ignore[misc]  # rubbish, where a test wants it

    return WithMedia


def _sent(key: str, *, mime_type: str = "image/png", name: str = "cat.png", caption: str = "my cat") -> Inbound:
    ref = MediaRef(id="m1", mime_type=mime_type, name=name)
    return Inbound(
        dedupe_key=key,
        address=CustomerAddress(channel=WEB, id="carl"),
        content=Media(kind=MediaKind.IMAGE, ref=ref, caption=caption),
        at=NOW,
        external_id=ExternalId(key),
    )


def _texts(world: AtEdge) -> list[str]:
    return [message.text for message in world.events(e.MessageSent) if message.agent is None]


def _count(file: InboxFile) -> int:
    (count,) = file._connection.execute("SELECT count(*) FROM media").fetchone()  # noqa: SLF001  nobody else asks
    return int(count)


async def _shown(world: AtEdge, provider: Provider, *arrivals: Inbound) -> list[str]:
    await world.apply(kind="web")
    await world.host.wait_until_settled()
    for arrival in arrivals:
        provider.arrivals.put_nowait(arrival)
    await world.pass_until(lambda: len(_texts(world)) == len(arrivals))
    return _texts(world)


async def test_a_picture_is_shown_by_its_caption_and_where_it_is_and_served_as_a_download(tmp_path: Path) -> None:
    provider, asked = Provider(), list[MediaRef]()
    adapter = _with_media(provider, [b"\x89P", b"NG"], asked)
    async with at_edge(adapter, http=HTTP, media=tmp_path) as world:
        (text,) = await _shown(world, provider, _sent("1", name="../../<b>.png"))
        words, _, url = text.rpartition(" ")
        assert words == "(image) my cat"
        assert url.startswith("https://chat.example.com/media/")
        edge = HttpEdge(HTTP, world.host, body_bytes_max=1_000)
        await edge.start()
        async with loopback_client() as http:
            answer = await http.get(url.replace("https://chat.example.com", edge.url))
            assert (answer.status_code, answer.content) == (200, b"\x89PNG")
            assert answer.headers["content-type"] == "image/png"
            assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%3Cb%3E.png"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in answer.headers["content-security-policy"]
            for wrong in ("0" * 32, "..%2f..%2finbox.sqlite", url.rpartition("/")[2].upper()):
                assert (await http.get(f"{edge.url}/media/{wrong}")).status_code == 404
        await edge.stop()
    assert len(asked) == 1
    files = [path for path in tmp_path.rglob("*") if path.is_file()]  # noqa: ASYNC240  nothing runs any more
    assert [path.stat().st_mode & 0o077 for path in files] == [0]


@pytest.mark.parametrize("mime_type", ["image/svg+xml", "text/html", "", "image/png\r\nx: y"])
async def test_what_a_browser_could_run_is_served_as_bytes(tmp_path: Path, mime_type: str) -> None:
    provider = Provider()
    async with at_edge(_with_media(provider, [b"<svg/>"], []), http=HTTP, media=tmp_path) as world:
        (text,) = await _shown(world, provider, _sent("1", mime_type=mime_type))
        edge = HttpEdge(HTTP, world.host, body_bytes_max=1_000)
        await edge.start()
        async with loopback_client() as http:
            answer = await http.get(f"{edge.url}/media/{text.rpartition('/')[2]}")
        assert answer.headers["content-type"] == "application/octet-stream"
        await edge.stop()


def _files(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_all_media_have_a_limit_together_and_the_oldest_make_room(
    tmp_path: Path,
) -> None:
    pieces: list[object] = [b"a" * 40, b"b" * 40, b"c" * 40, b"d" * 50]
    provider, http = Provider(), replace(HTTP, media_total_bytes_max=120)

    class OneEach(_with_media(provider, [], [])):  # type: ignore[misc]  # a class made by a function
        async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:  # noqa: ARG002  the contract's own
            yield pieces.pop(0)  # type: ignore[misc]  # bytes

    async with at_edge(OneEach, http=http, media=tmp_path) as world:
        texts = await _shown(world, provider, *[_sent(f"{number}") for number in range(4)])
        media = world.host.media
        found = [await media.find(text.rpartition("/")[2]) for text in texts]
        assert [each is not None for each in found] == [False, False, True, True]
        assert _files(tmp_path) == {b"c" * 40, b"d" * 50}
        assert (media.bytes_kept, media.dropped) == (90, 2)


async def test_a_medium_that_is_larger_than_all_may_be_together_is_shown_without_it_and_drops_nothing(
    tmp_path: Path,
) -> None:
    provider, http = Provider(), replace(HTTP, media_total_bytes_max=10)
    async with at_edge(_with_media(provider, [b"x" * 11], []), http=http, media=tmp_path) as world:
        assert await _shown(world, provider, _sent("1")) == ["(image) my cat"]
        assert _files(tmp_path) == set()


async def test_a_medium_is_kept_for_so_long_and_then_neither_found_nor_on_the_disk(tmp_path: Path) -> None:
    provider, http = Provider(), replace(HTTP, media_kept_s=7200)
    async with at_edge(_with_media(provider, [b"x"], []), http=http, media=tmp_path) as world:
        (text,) = await _shown(world, provider, _sent("1"))
        place = text.rpartition("/")[2]
        world.clock.advance(3600)
        await world.host.media.tidy()
        assert await world.host.media.find(place) is not None
        world.clock.advance(7200)  # The look of every hour.
        await world.until(lambda: world.host.media.dropped == 1)
        await world.host.media.tidy()
        assert (await world.host.media.find(place), _files(tmp_path)) == (None, set())


async def test_an_inbox_of_the_format_before_is_read_its_media_as_old_as_the_change(tmp_path: Path) -> None:
    path = tmp_path / "inbox.sqlite"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(
            "CREATE TABLE media (id TEXT PRIMARY KEY, channel TEXT NOT NULL, digest TEXT NOT NULL,"
            " mime_type TEXT NOT NULL, name TEXT NOT NULL) WITHOUT ROWID;"
            "INSERT INTO media VALUES ('p', 'web', 'd', 'image/png', 'cat.png'); PRAGMA user_version = 1;"
        )
    file = InboxFile(path)
    found = await file.media("p")
    assert found is not None
    assert (found.digest, found.size, found.at > 1_700_000_000) == ("d", 0, True)
    file.close()


async def test_media_have_an_origin_of_their_own_where_an_admin_gives_one(tmp_path: Path) -> None:
    provider = Provider()
    http = replace(HTTP, media_url="https://media.example.com")
    async with at_edge(_with_media(provider, [b"x"], []), http=http, media=tmp_path) as world:
        (text,) = await _shown(world, provider, _sent("1"))
        place = text.rpartition("/")[2]
        assert text == f"(image) my cat https://media.example.com/media/{place}"
        edge = HttpEdge(http, world.host, body_bytes_max=1_000)
        await edge.start()
        async with loopback_client() as client:
            assert (await client.get(f"{edge.url}/media/{place}")).status_code == 404
            hosted = await client.get(f"{edge.url}/media/{place}", headers={"host": "media.example.com"})
            assert hosted.status_code == 200
        await edge.stop()


@pytest.mark.parametrize(
    ("pieces", "mime_type"),
    [
        ([b"x" * 101], "image/png"),
        ([b"x"] * 101, "audio/ogg"),
        ([Permanent("media", "gone")], "image/png"),
        ([Transient("a"), Transient("b"), Transient("c"), b"too late"], "image/png"),
        ([ValueError("a customer's words")], "image/png"),
        ([SystemExit(1)], "image/png"),
        (["no bytes"], "image/png"),
        ([None], "image/png"),
    ],
)
async def test_a_medium_that_cannot_be_had_is_shown_without_it(
    tmp_path: Path, pieces: list[object], mime_type: str
) -> None:
    provider = Provider()
    async with at_edge(_with_media(provider, pieces, []), http=HTTP, media=tmp_path) as world:
        assert await _shown(world, provider, _sent("1", mime_type=mime_type)) == ["(image) my cat"]
        assert not any("words" in part for fault in world.plugins.faults for part in fault)


async def test_a_medium_is_tried_again_and_nobody_else_waits_for_it(tmp_path: Path) -> None:
    provider, asked = Provider(), list[MediaRef]()
    adapter = _with_media(provider, [Transient("reset"), b"x"], asked)
    other = Inbound(
        dedupe_key="2",
        address=CustomerAddress(channel=WEB, id="dora"),
        content=Text(text="hello"),
        at=NOW,
        external_id=ExternalId("2"),
    )
    async with at_edge(adapter, http=HTTP, media=tmp_path) as world:
        texts = await _shown(world, provider, _sent("1"), other)
        assert texts[0] == "hello"
        assert texts[1].startswith("(image) my cat https://")
        assert len(asked) == 2


async def test_without_a_url_to_serve_it_at_nothing_is_fetched() -> None:
    provider, asked = Provider(), list[MediaRef]()
    async with at_edge(_with_media(provider, [b"x"], asked)) as world:
        assert await _shown(world, provider, _sent("1")) == ["(image) my cat"]
    assert asked == []


@pytest.mark.spec("I2")
async def test_a_medium_that_was_fetched_before_a_crash_is_not_fetched_again(tmp_path: Path) -> None:
    provider, asked, store, file = Provider(), list[MediaRef](), MemoryStore(), InboxFile(None)
    adapter = _with_media(provider, [b"x"], asked)
    async with at_edge(adapter, http=HTTP, media=tmp_path, store=store, file=file) as world:
        await world.apply(kind="web", is_external=True)
        world.run.engine.shard.is_draining = True
        settings = world.run.engine.shard.facts.channels()[WEB]
        world.host._want(settings.id, changed(settings, is_external=False))  # noqa: SLF001  Apply is refused by now
        await world.host.wait_until_settled()
        provider.arrivals.put_nowait(_sent("1"))
        await world.pass_until(lambda: _count(file))
    async with at_edge(adapter, http=HTTP, media=tmp_path, store=store, file=file) as world:
        await world.apply(kind="web")
        await world.host.wait_until_settled()
        await world.pass_until(lambda: _texts(world))
        assert _texts(world)[0].startswith("(image) my cat https://")
    assert len(asked) == 1
    file.close()


async def test_a_text_that_is_too_long_is_cut_and_not_lost() -> None:
    provider = Provider()
    long: Any = replace(_sent("1"), content=Text(text="x" * 5_000))
    async with at_edge(web_adapter(provider)) as world:
        (text,) = await _shown(world, provider, long)
        assert text == f"{'x' * 4_095}…"
