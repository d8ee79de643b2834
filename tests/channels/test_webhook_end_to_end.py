"""The story of `story.py` through signed webhooks, with another system that checks by the public library."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hookflash.sdk.channel import HttpResponse
from hookflash.sdk.testing.fakes.loopback import call
from tests.channels.door import Door
from tests.channels.fake_receiver import SECRET, FakeReceiver, fake_receiver, posted
from tests.channels.story import play


class System:
    """Somebody whom another system brings."""

    kind = "webhook"
    address = "carl@example.org"

    def __init__(self, receiver: FakeReceiver, folder: Path, times: int = 1) -> None:
        self._receiver = receiver
        self._times = times
        self._said = 0
        self._door: Door | None = None
        secret = folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        self.settings: Mapping[str, str] = {"url": receiver.url, "secret": f"file:{secret}"}

    def meet(self, door: Door) -> None:
        self._door = door

    async def says(self, text: str) -> None:
        assert self._door is not None
        self._said += 1
        at = datetime.fromtimestamp(self._door.now(), UTC)
        request = posted("message.created", f"msg_{self._said}", at, {"from": self.address, "text": text})
        for _ in range(self._times):
            assert (await call(self._door.url, request)).status == 200

    def saw(self) -> list[str]:
        return self._receiver.texts()

    def received(self) -> bytes:
        return self._receiver.server.received


@pytest.mark.spec("I7", "R-W3")
async def test_a_webhook_carries_a_conversation_a_conference_and_a_transfer_and_no_whisper(tmp_path: Path) -> None:
    async with fake_receiver() as receiver:
        await play(System(receiver, tmp_path))
        assert (receiver.forged, receiver.repeats) == (0, 0)


@pytest.mark.spec("I3")
async def test_the_story_is_the_same_while_the_system_makes_trouble(tmp_path: Path) -> None:
    async with fake_receiver() as receiver:
        trouble = [HttpResponse(status=503), None, HttpResponse(status=429, headers={"retry-after": "2"}), None]
        receiver.troubles.extend(trouble)
        await play(System(receiver, tmp_path, times=2), step_s=0.05)
        assert receiver.repeats == 2, "whose answers were lost"
