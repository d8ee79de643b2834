"""The web chat's page has what goes over its wire: every close code, and an exchange that can be read."""

import json
from pathlib import Path

from hookflash.plugins.webchat import connection
from hookflash.plugins.webchat.frames import read_frame

PAGES = Path(__file__).resolve().parents[2] / "docs" / "channels"


def test_the_web_chats_page_has_every_close_code_and_an_exchange_that_can_be_read() -> None:
    page = (PAGES / "webchat.md").read_text(encoding="utf-8")
    codes = [getattr(connection, name) for name in connection.__all__ if name.isupper()]
    assert [code for code in codes if f"| {code} " not in page] == []
    assert len(codes) == 6
    sent = [line.removeprefix("> ") for line in page.splitlines() if line.startswith("> {")]
    heard = [line.removeprefix("< ") for line in page.splitlines() if line.startswith("< {")]
    assert [type(read_frame(frame)).__name__ for frame in sent] == ["Hello", "Cmd", "Hello", "Cmd"]
    assert {json.loads(frame)["frame"] for frame in heard} == {"ok", "snapshot", "ev"}
