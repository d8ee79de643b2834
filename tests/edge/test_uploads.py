"""A medium that comes from outside in pieces is kept as one that was fetched, as far as there is room."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hookflash.engine.domain.refusals import BadField, RateLimited
from hookflash.engine.edge.uploads import IDLE_S, OF_CHANNEL_MAX, UPLOADS_MAX, Uploaded, Uploads
from hookflash.engine.settings import HttpSettings
from hookflash.sdk.types import ChannelId
from tests.actors.running import WEB
from tests.edge.at_edge import at_edge

HTTP = HttpSettings(public_url="https://chat.example.com", media_bytes_max=100)


async def _take(
    uploads: Uploads, chunk: bytes, *, offset: int = 0, last: bool = True, key: str = "m1", channel: str = "web"
) -> Uploaded:
    what: dict[str, Any] = {"mime_type": "image/png", "name": "cat.png"}
    return await uploads.take(ChannelId(channel), key, offset=offset, chunk=chunk, is_last=last, **what)


async def test_a_medium_in_pieces_is_kept_whole_and_known_when_it_comes_again(tmp_path: Path) -> None:
    async with at_edge(http=HTTP, media=tmp_path) as world:
        uploads, media = world.edge.uploads, world.edge.media
        assert await _take(uploads, b"", last=False) == Uploaded(), "it is wanted"
        assert await _take(uploads, b"lost", last=False) == Uploaded()
        assert await _take(uploads, b"\x89P", last=False) == Uploaded(), "begun anew"
        whole = await _take(uploads, b"NG", offset=2)
        found = await media.find(whole.place)
        assert found is not None
        path, row = found
        assert path.read_bytes() == b"\x89PNG"
        assert (row.channel, row.mime_type, row.name, row.size) == ("web", "image/png", "cat.png", 4)
        assert await media.url_in(WEB, whole.place) == f"https://chat.example.com/media/{whole.place}"
        assert await media.url_in(ChannelId("other"), whole.place) is None
        assert await _take(uploads, b"", last=False) == whole, "asked again, nothing is fetched again"
        assert await _take(uploads, b"\x89PNG", channel="other") != whole
        world.clock.advance(HTTP.media_kept_s + 1)
        await media.tidy()
        assert await _take(uploads, b"", last=False) == Uploaded(), "it is gone, so it is wanted anew"


async def test_what_does_not_follow_is_refused_and_what_is_not_wanted_is_said_to_be(tmp_path: Path) -> None:
    async with at_edge(http=replace(HTTP, media_total_bytes_max=90), media=tmp_path) as world:
        uploads = world.edge.uploads
        with pytest.raises(BadField, match="must be 0"):
            await _take(uploads, b"x", offset=1)
        await _take(uploads, b"xx", last=False)
        with pytest.raises(BadField, match="must be 2"):
            await _take(uploads, b"x", offset=1)
        assert (await _take(uploads, b"x" * 99, offset=2)).not_taken == "it has more than 100 bytes"
        assert (await _take(uploads, b"x" * 95)).not_taken == "it cannot be kept"
        assert (await _take(uploads, b"")).not_taken == "it is empty"
    async with at_edge(media=tmp_path) as world:
        assert "public_url" in (await _take(world.edge.uploads, b"", last=False)).not_taken


@pytest.mark.spec("I16")
async def test_so_many_are_on_their_way_at_once_and_those_that_stand_still_give_room(tmp_path: Path) -> None:
    async with at_edge(http=HTTP, media=tmp_path) as world:
        uploads = world.edge.uploads
        for number in range(OF_CHANNEL_MAX):
            await _take(uploads, b"x", last=False, key=f"{number}")
        with pytest.raises(RateLimited):
            await _take(uploads, b"x", key="one too many")
        for number in range(UPLOADS_MAX - OF_CHANNEL_MAX):
            await _take(uploads, b"x", last=False, channel=f"other{number}")
        with pytest.raises(RateLimited):
            await _take(uploads, b"x", channel="one too many")
        await _take(uploads, b"x", last=False, key="0")
        world.clock.advance(IDLE_S)
        assert (await _take(uploads, b"x", key="later")).place
        with pytest.raises(BadField):
            await _take(uploads, b"x", key="1", offset=1)
