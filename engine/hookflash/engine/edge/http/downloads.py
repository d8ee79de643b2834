"""Media over HTTP: always a download, never a page, and from an origin of their own where there is one.

A browser runs nothing of what a customer sent: the type is one of a few harmless ones, and SVG is none of them.
"""

from pathlib import PurePath
from typing import Final, final
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from hookflash.engine.edge.media import MediaStore

__all__ = ["Downloads"]

_HARMLESS: Final = frozenset(
    {
        "application/pdf",
        "audio/aac",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "video/3gpp",
        "video/mp4",
    }
)
_OPAQUE: Final = "application/octet-stream"
_NAME_LENGTH_MAX: Final = 100


@final
class Downloads:
    """Serves `/media/{place}`; with an origin, to requests for that host only."""

    def __init__(self, media: MediaStore, origin: str) -> None:
        """Serve what that store has."""
        self._media = media
        self._host = urlsplit(origin).netloc.lower()

    async def serve(self, request: Request) -> Response:
        """One medium."""
        if self._host and request.headers.get("host", "").lower() != self._host:
            return Response(status_code=404)
        found = await self._media.find(request.path_params["place"])
        if found is None:
            return Response(status_code=404)
        path, row = found
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(_file_name(row.name), safe='')}",
            "content-security-policy": "default-src 'none'; sandbox",
            "x-content-type-options": "nosniff",
            "cache-control": "private, max-age=31536000, immutable",
            "referrer-policy": "no-referrer",
        }
        mime_type = row.mime_type.partition(";")[0].strip().lower()
        return FileResponse(path, headers=headers, media_type=mime_type if mime_type in _HARMLESS else _OPAQUE)


def _file_name(given: str) -> str:
    """What the file is to be called: a name without a path, and nothing that does not print."""
    name = "".join(sign for sign in PurePath(given.replace("\\", "/")).name if sign.isprintable())
    return name[:_NAME_LENGTH_MAX] or "file"
