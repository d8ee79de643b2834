"""Finding a whisper or a note in what customers can read, also where the channel encoded it (I7)."""

import binascii
import html
import json
import quopri
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

from hookflash.engine.domain.notices import NOTICES, NoticeKey

__all__ = ["decodings", "find_secret", "is_telling", "notice_leak"]

_TELLING_MIN = 12
"""Characters from which on a text is unlikely to be said twice by chance."""

_DEPTH_MAX = 3
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}|(?:[A-Za-z0-9+/]{60,76}\r?\n)+[A-Za-z0-9+/]*={0,2}")
_LINE_BREAKS = re.compile(rb"[\r\n]")
_ESCAPES = re.compile(rb'(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))+')


def is_telling(text: str) -> bool:
    """Whether finding that text elsewhere means that it came from there."""
    return len(text.strip()) >= _TELLING_MIN


def decodings(raw: bytes, depth: int = _DEPTH_MAX) -> Iterator[bytes]:
    """The bytes as they are, and as whoever undoes base64, quoted-printable, JSON, HTML or URL escapes reads them."""
    yield raw
    if not depth:
        return
    for again in _undone(raw):
        if again and again != raw:
            yield from decodings(again, depth - 1)


def find_secret(raw: bytes, secrets: Iterable[str]) -> str | None:
    """The first of the secrets that those bytes give away."""
    wanted = [(secret, secret.strip().encode()) for secret in secrets if secret.strip()]
    if not wanted:
        return None
    for text in decodings(raw):
        for secret, needle in wanted:
            if needle in text:
                return secret
    return None


def notice_leak(key: NoticeKey, text: str, secrets: Iterable[str]) -> str | None:
    """A whisper or note that an engine's own text to the customer has in it, beyond what that text always says."""
    found = [secret.strip() for secret in secrets if is_telling(secret) and secret.strip() in text]
    if not found:
        return None
    usual = [part for part in re.split(r"\{[^}]*\}", NOTICES[key].default) if part.strip()]
    own = text
    for part in usual:
        own = own.replace(part, "\0")
    return next((secret for secret in found if secret in own), None)


def _undone(raw: bytes) -> Iterator[bytes]:
    for found in _BASE64.finditer(raw):
        coded = _LINE_BREAKS.sub(b"", found.group()).replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
        try:
            yield b64decode(coded + b"=" * (-len(coded) % 4))
        except binascii.Error:
            continue
    if b"=" in raw:
        yield quopri.decodestring(raw)
    if b"\\" in raw:
        yield _ESCAPES.sub(_unescaped, raw)
    if b"%" in raw:
        yield unquote_to_bytes(raw)
    if b"&" in raw:
        yield html.unescape(raw.decode(errors="replace")).encode(errors="replace")


def _unescaped(found: re.Match[bytes]) -> bytes:
    """What a run of JSON escapes stands for; runs, because two of them may make one character."""
    return str(json.loads(b'"' + found.group() + b'"')).encode(errors="replace")
