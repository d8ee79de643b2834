"""The story's own watchman finds a whisper in every coating that a channel may give it."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest

from hookflash.plugins.console import Console
from tests.channels.door import Door
from tests.channels.story import SECRETS, holds_no_secret, story_world


@pytest.mark.parametrize("secret", [*SECRETS, "Queue transfer request has been placed by Ann"])
def test_a_secret_is_found_plain_in_json_in_forms_and_in_base64(secret: str) -> None:
    for before in ("", "a", "ab"):
        text = f"{before}{secret} and so on"
        for leak in (
            text.encode(),
            json.dumps({"text": {"body": text}}).encode(),
            urlencode({"Body": text}).encode(),
            text.encode("utf-16-le"),
            b"Content-Transfer-Encoding: base64\r\n\r\n" + b64encode(text.encode()),
        ):
            with pytest.raises(AssertionError, match="reached the provider"):
                holds_no_secret(b"something before" + leak)
    holds_no_secret(b"Hello Carl, let me look at that")


class Absent:
    """A customer of the console who says nothing."""

    kind = "console"
    address = "nobody"

    def __init__(self, script: Path) -> None:
        script.write_text("", encoding="utf-8")
        self.settings: Mapping[str, str] = {"script": str(script)}

    def meet(self, door: Door) -> None:
        pass

    async def says(self, text: str) -> None:
        raise NotImplementedError(text)

    def saw(self) -> list[str]:
        return []

    def received(self) -> bytes:
        return b""


async def test_a_story_that_fails_ends_though_its_adapter_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_adapter: Console) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Console, "stop", never)
    async with asyncio.timeout(20):
        with pytest.raises(ZeroDivisionError):
            async with story_world(Absent(tmp_path / "script")):
                raise ZeroDivisionError
