"""The pages of the channels name every setting, and the web chat's page what goes over its wire."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from hookflash.plugins.console import ConsoleConfig
from hookflash.plugins.email import EmailConfig
from hookflash.plugins.webchat import WebchatConfig, connection
from hookflash.plugins.webchat.frames import read_frame
from hookflash.sdk.config import DataclassLike

PAGES = Path(__file__).resolve().parents[2] / "docs" / "channels"


@pytest.mark.parametrize(
    ("page", "config"), [("console", ConsoleConfig), ("email", EmailConfig), ("webchat", WebchatConfig)]
)
def test_a_channels_page_has_every_setting_in_its_table(page: str, config: type[DataclassLike]) -> None:
    rows = [line for line in (PAGES / f"{page}.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert {field.name for field in fields(config)} <= named


def test_the_web_chats_page_has_every_close_code_and_an_exchange_that_can_be_read() -> None:
    page = (PAGES / "webchat.md").read_text(encoding="utf-8")
    codes = [value for name, value in vars(connection).items() if name.isupper() and not name.startswith("_")]
    assert [code for code in codes if isinstance(code, int) and code < 5_000 and f"| {code} " not in page] == []
    sent = [line.removeprefix("> ") for line in page.splitlines() if line.startswith("> {")]
    heard = [line.removeprefix("< ") for line in page.splitlines() if line.startswith("< {")]
    assert [type(read_frame(frame)).__name__ for frame in sent] == ["Hello", "Cmd", "Hello", "Cmd"]
    assert {json.loads(frame)["frame"] for frame in heard} == {"ok", "snapshot", "ev"}
