"""Media that customers send, as adapters outside bring them: pieces on the way in, the place where one was put."""

from typing import Final, TypedDict

from hookflash.engine.domain.refusals import BadField, BadId
from hookflash.engine.domain.text import check_external_id, clean_line
from hookflash.engine.server import names
from hookflash.engine.server.edge_ports import Uploaded
from hookflash.sdk.types import ChannelId
from hookflash.v1 import channel_service_pb2 as pb

__all__ = ["Piece", "piece_from", "place_in", "uploaded_to"]

_WORD_LENGTH_MAX: Final = 255
_COLLECTION: Final = "media/"


class Piece(TypedDict):
    """A piece of a medium, and what the outside says of the whole."""

    channel: ChannelId
    external_id: str
    mime_type: str
    name: str
    offset: int
    chunk: bytes
    is_last: bool


def piece_from(request: pb.UploadMediaRequest) -> Piece:
    """A piece of a medium. Raises BadField and BadId."""
    if not request.external_id:
        raise BadField("external_id", "is required: that of the Receive which the medium is for")
    if request.offset < 0:
        raise BadField("offset", "must be a number of bytes")
    return Piece(
        channel=names.channel("channel", request.channel),
        external_id=check_external_id("external_id", request.external_id),
        mime_type=clean_line("mime_type", request.mime_type, _WORD_LENGTH_MAX),
        name=clean_line("name", request.name, _WORD_LENGTH_MAX),
        offset=request.offset,
        chunk=request.chunk,
        is_last=request.is_last,
    )


def uploaded_to(uploaded: Uploaded) -> pb.UploadMediaResponse:
    """How far it is."""
    media = f"{_COLLECTION}{uploaded.place}" if uploaded.place else ""
    return pb.UploadMediaResponse(media=media, not_taken=uploaded.not_taken)


def place_in(request: pb.ReceiveRequest) -> str:
    """The place of the medium that a message is the words to; empty where there is none. Raises BadField and BadId."""
    if not request.media:
        return ""
    if request.WhichOneof("content") != "text":
        raise BadField("media", "goes with a text only")
    if not request.media.startswith(_COLLECTION):
        raise BadId("media", request.media, "must be a name such as `media/ID`, as UploadMedia answered it")
    return request.media.removeprefix(_COLLECTION)
