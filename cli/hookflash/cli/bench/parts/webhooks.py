"""A provider's signed requests to the HTTP edge: how long until each is durable and answered 200.

Fifty customers write through a channel of kind `webhook`. Nobody is there to answer; what they say goes into their
conversations while the next requests come.
"""

import asyncio
import json
from base64 import b64encode
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from pathlib import Path
from secrets import token_bytes
from typing import Final

import httpx

from hookflash.cli.bench.closed_loop import ClosedLoop
from hookflash.cli.bench.figures import Sample
from hookflash.cli.bench.processes import BenchError, apart
from hookflash.cli.bench.round import TEXT, Round
from hookflash.cli.bench.site import method, new_id
from hookflash.cli.bench.wire import Wire
from hookflash.sdk.config import Secret
from hookflash.sdk.signing import sign_standard_webhooks
from hookflash.v1 import channel_pb2, queue_pb2
from hookflash.v1.admin_service_pb2 import ApplyRequest

__all__ = ["group", "load_webhooks", "measure"]

_AT_ONCE: Final = (1, 16)
_CUSTOMERS: Final = 50
_RETRY_S: Final = 0.05
_TRIES: Final = 200
_CHANNEL: Final = "channels/portal"


def group(at_once: int) -> str:
    """Return under which heading the figures stand."""
    return f"webhooks acknowledged, {at_once} at once"


async def measure(round_: Round) -> list[Sample]:
    """One request at a time, then several."""
    samples: list[Sample] = []
    secret_file = round_.place("portal-secret")
    secret_file.touch(mode=0o600)
    secret_file.write_text(f"whsec_{b64encode(token_bytes(32)).decode()}", encoding="utf-8")
    async with await round_.engine("webhooks", http_listen="127.0.0.1:0", http_requests_per_s_max=100_000) as engine:
        url = await engine.next_address()
        for at_once in _AT_ONCE:
            measured = await apart(
                load_webhooks,
                url=f"http://{url}/{_CHANNEL}",
                secret_file=str(secret_file),
                address=engine.address,
                token=engine.token,
                server_pid=engine.pid,
                at_once=at_once,
                warm_up_s=round_.plan.warm_up_s,
                measured_s=round_.plan.measured_s,
            )
            samples += [
                Sample(group=group(at_once), name=name, unit=unit, value=measured[key])
                for name, unit, key in (
                    ("requests", "1/s", "items_per_s"),
                    ("p50", "ms", "p50_ms"),
                    ("p99", "ms", "p99_ms"),
                    ("server CPU each", "us", "server_us_per_item"),
                )
            ]
            round_.say(f"{group(at_once)}: {measured['items_per_s']:,.0f}/s, p99 {measured['p99_ms']:.1f} ms")
    return samples


async def load_webhooks(
    *,
    url: str,
    secret_file: str,
    address: str,
    token: str,
    server_pid: int,
    at_once: int,
    warm_up_s: float,
    measured_s: float,
) -> dict[str, float]:
    """Post what customers say, so many requests at once. Raises BenchError when one is not answered 200."""
    wire = await Wire.open(address, token)
    await _make_channel(wire, secret_file)
    secrets = (Secret(Path(secret_file).read_text(encoding="utf-8")),)  # noqa: ASYNC240  before anything is measured
    loop = ClosedLoop(warm_up_s=warm_up_s, measured_s=measured_s, server_pid=server_pid)
    numbers = count()

    async with httpx.AsyncClient(trust_env=False) as http:

        async def post() -> int:
            said = {"from": f"customer-{next(numbers) % _CUSTOMERS}", "text": TEXT}
            now = datetime.now(UTC)
            body = json.dumps({"type": "message.created", "timestamp": now.isoformat(), "data": said}).encode()
            headers = sign_standard_webhooks(secrets, new_id(), body, now)
            return (await http.post(url, content=body, headers=headers)).status_code

        async def work() -> None:
            while not loop.is_over:
                begun = loop.begin()
                if (status := await post()) != HTTPStatus.OK:
                    raise BenchError(f"A webhook was answered {status}.")
                loop.count(begun)

        # Its adapter starts once the channel is there; a provider would try again, too.
        for _ in range(_TRIES):
            if await post() != HTTPStatus.SERVICE_UNAVAILABLE:
                break
            await asyncio.sleep(_RETRY_S)
        measured = await loop.run(work, at_once, [wire])
    wire.close()
    return measured


async def _make_channel(wire: Wire, secret_file: str) -> None:
    # Nothing is sent to it in this load; the address is one that there never is.
    settings = {"url": "https://portal.invalid/hookflash", "secret": f"file:{secret_file}"}
    channel = channel_pb2.Channel(name=_CHANNEL, kind="webhook", queue="queues/portal", settings=settings)
    queue = queue_pb2.Queue(name="queues/portal", display_name="Portal")
    request = ApplyRequest(request_id=new_id(), queues=[queue], channels=[channel])
    await wire.ask(method("AdminService", "Apply"), request.SerializeToString())
