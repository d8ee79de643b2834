"""What Meta would refuse does not get to it: it goes out as something else, or in pieces."""

import pytest

from hookflash.plugins.messenger import Instagram, Messenger
from hookflash.plugins.whatsapp import WhatsApp
from hookflash.sdk import ChannelAdapter, Media, MediaKind, MediaRef, Message
from hookflash.sdk.hosting.fallback import parts_of
from hookflash.sdk.testing import delivery_of

LINK = "https://files.example/1"


@pytest.mark.parametrize(
    ("kind", "mime_type", "size", "is_attached"),
    [
        (WhatsApp, "image/png", 5 * 1024**2, True),
        (WhatsApp, "image/png", 5 * 1024**2 + 1, False),
        (WhatsApp, "application/pdf", 100 * 1024**2, True),
        (WhatsApp, "image/webp", 1, False),
        (WhatsApp, "application/zip", None, False),
        (Messenger, "image/webp", 8 * 1024**2 + 1, False),
        (Messenger, "application/zip", 25 * 1024**2, True),
        (Messenger, "application/zip", 25 * 1024**2 + 1, False),
        (Instagram, "application/pdf", 25 * 1024**2, True),
        (Instagram, "application/zip", 1, False),
        (Instagram, "audio/mpeg", 1, False),
        (Instagram, "audio/mp4", None, True),
    ],
)
def test_a_medium_that_meta_would_refuse_is_a_link(
    kind: type[ChannelAdapter],
    mime_type: str,
    size: int | None,
    is_attached: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    of = {"image": MediaKind.IMAGE, "audio": MediaKind.AUDIO}.get(mime_type.partition("/")[0], MediaKind.FILE)
    media = Media(kind=of, ref=MediaRef(url=LINK, mime_type=mime_type, size=size))
    (part,) = parts_of(delivery_of(Message(sender_name="Ann", text="", media=media), to="1"), kind.capabilities)
    assert (isinstance(part.content, Message) and part.content.media is not None) is is_attached


def test_a_text_on_instagram_is_cut_by_its_bytes() -> None:
    parts = [
        part.content.text
        for part in parts_of(delivery_of("\u00e4" * 499 + " " + "x" * 900, to="1"), Instagram.capabilities)
    ]
    assert parts == ["\u00e4" * 499, "x" * 900]
