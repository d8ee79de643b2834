"""The recorded payloads of `payloads/`: shapes from Meta's own reference pages, with ids and texts of ours.

`signed` makes a webhook call of one, as the provider would.
"""

import json
from pathlib import Path
from typing import Any

from hookflash.sdk import HttpRequest
from hookflash.sdk.testing.fakes.meta import APP_SECRET
from hookflash.sdk.testing.fakes.meta_payloads import signed as signed_with

__all__ = ["names", "payload", "recorded", "signed"]

_FOLDER = Path(__file__).parent / "payloads"


def names(kind: str) -> list[str]:
    """All that there are of a platform."""
    return sorted(file.stem for file in (_FOLDER / kind).glob("*.json"))


def payload(kind: str, name: str) -> bytes:
    """One payload as it comes: without the file's line breaks."""
    return json.dumps(recorded(kind, name), separators=(",", ":")).encode()


def recorded(kind: str, name: str) -> Any:  # noqa: ANN401  any JSON
    """One payload, read."""
    return json.loads((_FOLDER / kind / f"{name}.json").read_text(encoding="utf-8"))


def signed(body: bytes) -> HttpRequest:
    """A webhook call with this body."""
    return signed_with(APP_SECRET, body)
