"""The story of `story.py` through telegram, polled and by webhook, with a server that behaves like Telegram's."""

from collections import deque
from collections.abc import Mapping
from pathlib import Path

import pytest

from hookflash.sdk.testing.fakes.telegram import TOKEN, FakeTelegram, failed, fake_telegram, message, throttled
from tests.channels.door import Door
from tests.channels.story import play


class Chatter:
    """Somebody in a private chat with the bot."""

    kind = "telegram"
    address = "42"

    def __init__(self, telegram: FakeTelegram, folder: Path) -> None:
        self._telegram = telegram
        secret = folder / "token"
        secret.write_text(TOKEN)
        secret.chmod(0o600)
        self.settings: Mapping[str, str] = {"token": f"file:{secret}", "api_url": telegram.server.url}

    def meet(self, door: Door) -> None:
        """Nobody calls a channel that polls."""

    async def says(self, text: str) -> None:
        self._telegram.adds(message=message(len(self._telegram.updates) + 1, text))

    def saw(self) -> list[str]:
        return self._telegram.texts()

    def received(self) -> bytes:
        return self._telegram.server.received


@pytest.mark.spec("I7", "R-W3")
async def test_telegram_carries_a_conversation_a_conference_and_a_transfer_and_no_whisper(tmp_path: Path) -> None:
    async with fake_telegram() as telegram:
        await play(Chatter(telegram, tmp_path))


@pytest.mark.spec("I3")
async def test_the_story_is_the_same_while_telegram_makes_trouble(tmp_path: Path) -> None:
    async with fake_telegram() as telegram:
        telegram.troubles["sendMessage"] = deque([throttled(2), failed(502), None])
        telegram.troubles["getUpdates"] = deque([failed(), throttled(1), None])
        telegram.troubles["deleteWebhook"] = deque([failed(503)])
        await play(Chatter(telegram, tmp_path), step_s=0.05)


class Called(Chatter):
    """Somebody whose words Telegram brings to the webhook, each of them twice."""

    def meet(self, door: Door) -> None:
        self._telegram.webhook_at = door.url

    async def says(self, text: str) -> None:
        update = self._telegram.adds(message=message(len(self._telegram.updates) + 1, text))
        answers = await self._telegram.brings(update, times=2)
        assert [answer.status for answer in answers] == [200, 200]


@pytest.mark.spec("I7", "R-W3")
async def test_by_webhook_the_story_is_the_same_and_what_comes_twice_is_said_once(tmp_path: Path) -> None:
    async with fake_telegram() as telegram:
        await play(Called(telegram, tmp_path), public_url="https://hookflash.example")
        assert telegram.webhook["url"] == "https://hookflash.example/channels/story"
        assert not telegram.offsets, "nothing was polled"
