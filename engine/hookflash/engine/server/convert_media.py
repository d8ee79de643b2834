"""Media that agents send, between protobuf and the domain: where they are, and what is said of them.

Nobody here fetches one: the URL goes to a provider and to the customer, so it is checked as a field and no further.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from hookflash.engine.domain.refusals import BadField
from hookflash.engine.domain.text import clean_line
from hookflash.sdk.messages import Media, MediaKind, MediaRef
from hookflash.v1 import message_pb2

__all__ = ["media_from", "media_to"]

URL_LENGTH_MAX: Final = 2_048
NAME_LENGTH_MAX: Final = 200

_URL: Final = re.compile(r"https://[!-~]+", re.ASCII | re.IGNORECASE)
_MIME_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}", re.ASCII)
_KIND_OF: Final = {
    message_pb2.MEDIA_KIND_IMAGE: MediaKind.IMAGE,
    message_pb2.MEDIA_KIND_AUDIO: MediaKind.AUDIO,
    message_pb2.MEDIA_KIND_VIDEO: MediaKind.VIDEO,
    message_pb2.MEDIA_KIND_FILE: MediaKind.FILE,
}
_WORD_OF: Final = {kind: word for word, kind in _KIND_OF.items()}
_KIND_OF_TYPE: Final = {"image": MediaKind.IMAGE, "audio": MediaKind.AUDIO, "video": MediaKind.VIDEO}


def media_from(given: message_pb2.MessageMedia) -> Media:
    """A medium to send; without a kind it is what its MIME type says, else a file. Raises BadField."""
    mime_type = given.mime_type.lower()
    if mime_type and _MIME_TYPE.fullmatch(mime_type) is None:
        raise BadField("media.mime_type", "must be a MIME type without parameters, such as image/png")
    if given.HasField("size") and given.size < 1:
        raise BadField("media.size", "must be a number of bytes, at least 1; leave it out where it is not known")
    kind = _KIND_OF.get(given.kind)
    if kind is None:
        if given.kind != message_pb2.MEDIA_KIND_UNSPECIFIED:
            raise BadField("media.kind", "must be IMAGE, AUDIO, VIDEO or FILE; without one it is told by the MIME type")
        kind = _KIND_OF_TYPE.get(mime_type.partition("/")[0], MediaKind.FILE)
    return Media(
        kind=kind,
        ref=MediaRef(
            url=_checked_url(given.url),
            mime_type=mime_type,
            name=clean_line("media.name", given.name, NAME_LENGTH_MAX),
            size=given.size if given.HasField("size") else None,
        ),
    )


def media_to(media: Media) -> message_pb2.MessageMedia:
    """A medium as it was sent."""
    ref = media.ref
    return message_pb2.MessageMedia(
        kind=_WORD_OF[media.kind], url=ref.url, mime_type=ref.mime_type, name=ref.name, size=ref.size
    )


def _checked_url(url: str) -> str:
    if len(url) > URL_LENGTH_MAX or _URL.fullmatch(url) is None:
        raise BadField("media.url", f"must be an https URL of at most {URL_LENGTH_MAX:,} characters, all of them ASCII")
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or "@" in parts.netloc:
        raise BadField("media.url", "must name a host, and neither user nor password")
    return url
