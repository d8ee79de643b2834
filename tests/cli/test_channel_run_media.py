"""What customers send besides words, through an adapter outside: fetched there, kept and served by the engine."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hookflash.cli.channel_run.media import PIECE_BYTES, MediaBringer
from hookflash.cli.channel_run.turns import Turns
from hookflash.sdk.channel import Inbound, Media, MediaKind, MediaRef
from hookflash.sdk.client import HookflashError
from hookflash.sdk.client import messages as m
from hookflash.sdk.errors import Permanent
from hookflash.sdk.hosting.patience import LoopAlarms
from tests.cli.outside import PATIENCE_S, Talking, running, said
from tests.edge.adapters import Provider, web_adapter

MEDIA = "https://media.example.com"
BODY = bytes(range(256)) * 2048
assert len(BODY) > PIECE_BYTES


class _Pictures:
    """What the provider has, by its id of it, and what it was asked for."""

    def __init__(self, **bodies: object) -> None:
        self.bodies = bodies
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def adapter(self, provider: Provider) -> type:
        pictures = self

        class WithMedia(web_adapter(provider)):  # type: ignore[misc]  # a class made by a function
            async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
                pictures.asked.append(ref.id)
                await pictures.may_answer.wait()
                body = pictures.bodies[ref.id]
                if isinstance(body, BaseException):
                    raise body
                yield body  # type: ignore[misc]  # rubbish, where a test wants it

        return WithMedia


def _picture(key: str, of: str) -> Inbound:
    content = Media(kind=MediaKind.IMAGE, ref=MediaRef(id=of, mime_type="image/png", name=f"{of}.png"), caption=of)
    return replace(said(key, ""), content=content)


async def _texts(talking: Talking, conversation: str, last: str) -> list[str]:
    async with asyncio.timeout(PATIENCE_S):
        while last not in (texts := await talking.transcript(conversation)):
            pass
    return texts


async def test_a_picture_is_shown_by_where_the_engine_serves_it_and_fetched_once(tmp_path: Path) -> None:
    provider, pictures = Provider(), _Pictures(cat=BODY)
    async with running(tmp_path, pictures.adapter(provider), media_url=MEDIA) as talking:
        for _ in range(2):
            provider.arrivals.put_nowait(_picture("1", "cat"))
        provider.arrivals.put_nowait(said("2", "end"))
        conversation = await talking.accepted()
        shown, end = await _texts(talking, conversation, "end")
        words, _, url = shown.rpartition(" ")
        assert (words, end, pictures.asked) == ("(image) cat", "end", ["cat"])
        found = await talking.served.engine.media.find(url.removeprefix(f"{MEDIA}/media/"))
        assert found is not None
        path, row = found
        assert (path.read_bytes() == BODY, row.name, row.mime_type) == (True, "cat.png", "image/png")


async def test_a_picture_that_cannot_be_had_is_shown_by_its_caption(tmp_path: Path) -> None:
    large = b"x" * (16 * 1024 * 1024 + 1)
    bodies: dict[str, object] = {"gone": Permanent("404", "gone"), "broken": ValueError("no"), "odd": 7, "large": large}
    provider, pictures = Provider(), _Pictures(empty=b"", **bodies)
    async with running(tmp_path, pictures.adapter(provider), media_url=MEDIA) as talking:
        for of in pictures.bodies:
            provider.arrivals.put_nowait(_picture(of, of))
        rubbish = Media(kind=MediaKind.IMAGE, ref=None, caption="rubbish")  # type: ignore[arg-type]
        provider.arrivals.put_nowait(replace(said("rubbish", ""), content=rubbish))
        provider.arrivals.put_nowait(said("2", "end"))
        texts = await _texts(talking, await talking.accepted(), "end")
        assert texts == [*(f"(image) {of}" for of in (*pictures.bodies, "rubbish")), "end"]


async def test_where_the_engine_serves_none_nothing_is_fetched(tmp_path: Path) -> None:
    provider, pictures = Provider(), _Pictures(cat=BODY)
    async with running(tmp_path, pictures.adapter(provider)) as talking:
        provider.arrivals.put_nowait(_picture("1", "cat"))
        texts = await _texts(talking, await talking.accepted(), "(image) cat")
        assert (texts, pictures.asked) == (["(image) cat"], [])


async def test_what_a_customer_says_behind_his_picture_stays_behind_it_and_others_do_not_wait(tmp_path: Path) -> None:
    provider, pictures = Provider(), _Pictures(cat=BODY)
    pictures.may_answer.clear()
    async with running(tmp_path, pictures.adapter(provider), media_url=MEDIA) as talking:
        take = provider.contexts[0].take
        carl = [asyncio.ensure_future(take(arrival)) for arrival in (_picture("1", "cat"), said("2", "behind"))]
        await talking.until(lambda: pictures.asked)
        await take(said("3", "hello", by="dora"))
        assert not any(task.done() for task in carl)
        pictures.may_answer.set()
        await asyncio.gather(*carl)
        await talking.accepted()
        second = await talking.accepted()
        texts = await _texts(talking, second, "behind")
        assert [text.partition(" ")[0] for text in texts] == ["(image)", "behind"]


async def test_a_medium_is_begun_anew_where_the_engine_was_and_left_out_where_it_knows_none() -> None:
    provider, pictures, sent = Provider(), _Pictures(cat=BODY), list[tuple[int, int]]()
    errors: list[HookflashError | None] = [None, None, HookflashError("BAD_FIELD", "must be 0"), None, None]

    class Engine:
        async def upload_media(self, piece: m.UploadMediaRequest) -> m.UploadMediaResponse:
            sent.append((piece.offset, len(piece.chunk)))
            if errors and (error := errors.pop(0)) is not None:
                raise error
            return m.UploadMediaResponse(media="media/1" if piece.is_last else "")

    adapter = pictures.adapter(provider)(None, None)
    engine: Any = Engine()
    bringer = MediaBringer("web", engine, adapter, LoopAlarms(), lambda *_: None)
    assert await bringer.bring("1", MediaRef(id="cat")) == "media/1"
    whole = [(0, PIECE_BYTES), (PIECE_BYTES, PIECE_BYTES)]
    assert sent == [(0, 0), *whole, *whole]
    errors[:] = [HookflashError("", "no such method", code="UNIMPLEMENTED")]
    assert await bringer.bring("2", MediaRef(id="cat")) == ""
    errors[:] = [HookflashError("DRAINING", "the engine stops", code="UNAVAILABLE")]
    with pytest.raises(HookflashError):
        await bringer.bring("3", MediaRef(id="cat"))


@pytest.mark.parametrize("cancelled", [0, 1, 2])
async def test_turns_keep_their_order_whoever_goes_away_and_leave_nothing_behind(cancelled: int) -> None:
    turns, done, may_go = Turns(), list[int](), asyncio.Event()

    async def take(number: int) -> None:
        async with turns.of("carl"):
            await may_go.wait()
            done.append(number)

    tasks = [asyncio.ensure_future(take(number)) for number in range(4)]
    await asyncio.sleep(0)
    tasks[cancelled].cancel()
    await asyncio.wait((tasks[cancelled],))
    assert done == []
    may_go.set()
    await asyncio.wait(tasks)
    await asyncio.sleep(0)
    assert done == [number for number in range(4) if number != cancelled]
    assert turns._last == {}  # noqa: SLF001  nothing is kept
