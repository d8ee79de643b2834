"""What the channel tests share: the story asserts in a file of its own, and its failures show both values."""

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest

from hookflash.sdk.testing.fakes.telegram import FakeTelegram, fake_telegram

pytest.register_assert_rewrite("tests.channels.story")


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with fake_telegram() as fake:
        yield fake


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    # A context that trusts nobody: loading the authorities takes longer than most tests.
    async with httpx.AsyncClient(timeout=5, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
        yield client
