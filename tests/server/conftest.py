"""One engine with its server for each test that asks for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.server.serving import Serving, serving


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[Serving]:
    """An engine that serves, without any site."""
    async with serving(tmp_path) as running:
        yield running
