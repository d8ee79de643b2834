"""Channels of texts alone show a medium as where it is."""

import pytest

from hookflash.plugins.console import Console
from hookflash.plugins.email import Email
from hookflash.sdk import ChannelAdapter, Media, MediaKind, MediaRef, Message
from hookflash.sdk.hosting.fallback import parts_of
from hookflash.sdk.testing import delivery_of

LINK = "https://files.example/1042.pdf"


@pytest.mark.parametrize("kind", MediaKind)
@pytest.mark.parametrize("adapter", [Console, Email])
def test_a_medium_is_a_link_on_a_channel_of_texts(adapter: type[ChannelAdapter], kind: MediaKind) -> None:
    message = Message(sender_name="Ann", text="Look", media=Media(kind=kind, ref=MediaRef(url=LINK)))
    (part,) = parts_of(delivery_of(message), adapter.capabilities)
    assert part == delivery_of(f"Look\n{LINK}")
