"""A provider is answered quickly, whatever the conversations do meanwhile: 99 of 100 within 250 ms."""

import asyncio
from pathlib import Path
from time import perf_counter

import httpx
import pytest

from hookflash.engine.domain import events as e
from hookflash.engine.edge.inbox_file import INBOX_FILE, InboxFile
from tests.edge.hook import SIGNED
from tests.edge.test_http import over_http

REQUESTS, AT_ONCE = 200, 2
ALLOWED_S = 0.25


@pytest.mark.spec("I1")
async def test_99_of_100_requests_are_acknowledged_within_250_ms_and_all_that_was_is_there(tmp_path: Path) -> None:
    file = InboxFile(tmp_path / INBOX_FILE)
    took: list[float] = []
    async with over_http(file=file) as served:
        numbers = iter(range(REQUESTS))

        async def post(http: httpx.AsyncClient) -> None:
            for number in numbers:
                began = perf_counter()
                said = [[f"k{number}", f"customer {number % 50}", f"text {number}"]]
                answer = await http.post("/channels/hook", json=said, headers=SIGNED)
                took.append(perf_counter() - began)
                assert answer.status_code == 200
                served.world.clock.advance(0.02)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(post(served.http))
        await served.world.pass_until(lambda: len(served.world.events(e.MessageSent)) >= REQUESTS)
    file.close()
    took.sort()
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    assert p99 < ALLOWED_S, f"p50 {p50:.3f} s, p99 {p99:.3f} s"
