"""The story of `story.py` through the console: lines typed on standard input, lines printed."""

import os
from collections.abc import Mapping

import pytest

from tests.channels.door import Door
from tests.channels.story import play


class Typist:
    """Somebody at the terminal."""

    kind = "console"
    settings: Mapping[str, str] = {}
    address = "carl"

    def __init__(self, keyboard: int, capsys: pytest.CaptureFixture[str]) -> None:
        self._keyboard = keyboard
        self._capsys = capsys
        self._screen = ""

    def meet(self, door: Door) -> None:
        """Nobody calls a console."""

    async def says(self, text: str) -> None:
        os.write(self._keyboard, f"{self.address}> {text}\n".encode())

    def saw(self) -> list[str]:
        lines = self.received().decode().splitlines()
        return [line.removeprefix("carl< ") for line in lines if line.startswith("carl< ")]

    def received(self) -> bytes:
        self._screen += self._capsys.readouterr().out
        return self._screen.encode()


@pytest.mark.spec("I7", "R-W3")
async def test_the_console_carries_a_conversation_a_conference_and_a_transfer_and_no_whisper(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as keyboard, os.fdopen(writing, "wb"):
        monkeypatch.setattr("sys.stdin", keyboard)
        await play(Typist(writing, capsys))
