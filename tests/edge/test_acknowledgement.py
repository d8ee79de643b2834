"""What a provider was answered 200 for is said in its conversation, whatever came at the same time.

How quickly it is answered is a figure of the benchmark, part `webhooks`.
"""

import asyncio
from pathlib import Path

import httpx
import pytest

from hookflash.engine.domain import events as e
from hookflash.engine.edge.inbox_file import INBOX_FILE, InboxFile
from tests.edge.hook import SIGNED
from tests.edge.test_http import over_http

REQUESTS, AT_ONCE = 200, 8


@pytest.mark.spec("I1")
async def test_all_that_was_acknowledged_is_said_once(tmp_path: Path) -> None:
    file = InboxFile(tmp_path / INBOX_FILE)
    acknowledged: list[int] = []
    async with over_http(file=file) as served:
        numbers = iter(range(REQUESTS))

        async def post(http: httpx.AsyncClient) -> None:
            for number in numbers:
                said = [[f"k{number}", f"customer {number % 50}", f"text {number}"]]
                answer = await http.post("/channels/hook", json=said, headers=SIGNED)
                assert answer.status_code == 200
                acknowledged.append(number)
                served.world.clock.advance(0.02)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(post(served.http))
        await served.world.pass_until(lambda: len(served.world.events(e.MessageSent)) >= REQUESTS)
        said = [int(message.text.removeprefix("text ")) for message in served.world.events(e.MessageSent)]
    file.close()
    assert sorted(said) == sorted(acknowledged) == list(range(REQUESTS))
