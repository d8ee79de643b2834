"""Media that an adapter outside brings."""

from pathlib import Path

import pytest

from hookflash.sdk.types import Role
from tests.server.outside import WEB, adapter
from tests.server.serving import Refused, serving


async def test_a_medium_from_outside_comes_in_pieces_and_is_shown_where_it_is_served(tmp_path: Path) -> None:
    async with serving(tmp_path, media_url="https://media.example.com") as served:
        await served.site()
        client = await adapter(served)
        what = {"external_id": "m1", "mime_type": "image/png", "name": "cat.png", "channel": "channels/web"}
        upload = "ChannelService/UploadMedia"
        first = await client.call(upload, chunk=b"\x89P", **what)
        assert (first.media, first.not_taken) == ("", "")
        media = (await client.call(upload, offset=2, chunk=b"NG", is_last=True, **what)).media
        said = {"external_id": "m1", "text": "(image) my cat", "media": media, **WEB}
        received = await client.call("ChannelService/Receive", **said)
        assert (await client.call("ChannelService/Receive", **said)).duplicate
        assert (await client.call("ChannelService/Receive", **(said | {"media": ""}))).duplicate, "its key is its words"
        transcript = await client.call("ConversationService/GetTranscript", name=received.conversation)
        texts = [entry.message.text for entry in transcript.entries if entry.HasField("message")]
        assert texts == [f"(image) my cat https://media.example.com/{media}"]
        for wrong, reason in (("media/" + "0" * 32, "BAD_FIELD"), ("x", "BAD_ID"), ("media/../../x", "BAD_FIELD")):
            with pytest.raises(Refused) as refused:
                await client.call("ChannelService/Receive", **(said | {"external_id": "m2", "media": wrong}))
            assert refused.value.reason == reason
        other = await served.client(Role.ADAPTER, "channels/other", channel="other")
        with pytest.raises(Refused) as refused:
            await other.call(upload, chunk=b"x", **what)
        assert refused.value.reason == "ROLE_NOT_ALLOWED"
