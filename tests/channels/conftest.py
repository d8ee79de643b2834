"""What the channel tests share: the story asserts in a file of its own, and its failures show both values."""

from collections.abc import AsyncIterator

import httpx
import pytest

from hookflash.sdk.testing.fakes.loopback import loopback_client
from hookflash.sdk.testing.fakes.telegram import FakeTelegram, fake_telegram

pytest.register_assert_rewrite("tests.channels.story")


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with fake_telegram() as fake:
        yield fake


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    # A context that trusts nobody: loading the authorities takes longer than most tests.
    async with loopback_client(timeout=5) as client:
        yield client
