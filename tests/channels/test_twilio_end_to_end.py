"""The story of `story.py` through SMS, with a server that behaves like Twilio's and reports before it answers."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from hookflash.engine.domain import events as e
from hookflash.sdk.testing.fakes.twilio import ACCOUNT, OURS, TOKEN, FakeTwilio, fake_twilio, inbound, refused
from tests.channels.door import Door
from tests.channels.story import SEEN, StoryWorld, play

ORIGIN = "https://hookflash.example"


class Texter:
    """Somebody with a telephone; Twilio calls the webhook twice for each of his messages."""

    kind = "twilio_sms"
    address = "+14155550100"

    def __init__(self, twilio: FakeTwilio, folder: Path) -> None:
        self._twilio = twilio
        self._said = 0
        secret = folder / "token"
        secret.write_text(TOKEN)
        secret.chmod(0o600)
        twilio.public_url = f"{ORIGIN}/channels/story"
        self.settings: Mapping[str, str] = {
            "account_sid": ACCOUNT, "auth_token": f"file:{secret}", "from_number": OURS, "api_url": twilio.server.url,
        }  # fmt: skip

    def meet(self, door: Door) -> None:
        self._twilio.webhook_at = door.url

    async def says(self, text: str) -> None:
        self._said += 1
        answers = await self._twilio.brings(inbound(1000 + self._said, text), times=2)
        assert {(answer.status, answer.body) for answer in answers} == {(200, b"<Response/>")}

    def saw(self) -> list[str]:
        return [one["Body"] for one in self._twilio.sent]

    def received(self) -> bytes:
        return self._twilio.server.received


async def _all_delivered(world: StoryWorld) -> None:
    def states() -> dict[int, str]:
        return {event.delivery: event.state for event in world.events() if isinstance(event, e.DeliveryReceived)}

    await world.until(lambda: list(states().values()) == ["DELIVERED"] * len(SEEN), "every delivery delivered", 0.01)


@pytest.mark.spec("I3", "I7", "R-W3")
@pytest.mark.parametrize("has_trouble", [False, True])
async def test_sms_carry_the_story_and_receipts_that_overtake_and_no_whisper(
    has_trouble: bool,  # noqa: FBT001 - a parameter of the test
    tmp_path: Path,
) -> None:
    async with fake_twilio() as twilio:
        if has_trouble:
            twilio.troubles.extend([refused(429, 20429, **{"retry-after": "3"}), refused(503, 20500), None])
        await play(Texter(twilio, tmp_path), step_s=0.05 * has_trouble, settled=_all_delivered, public_url=ORIGIN)
