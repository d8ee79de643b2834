"""A desk whose network becomes a black hole: its offer ends on time, the next agent gets it, and its grace runs out.

Nothing tells either end that the other is gone but its own keepalive: 30 s without a sign, then 10 s for an answer.
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, Final

from hookflash.sdk.client import Client
from hookflash.sdk.client import messages as m
from tests.torture.aftermath import examined, said_wrong, started
from tests.torture.network_calls import Lab
from tests.torture.proxy import Fault, Proxy, proxied

__all__ = ["vanished_desk"]

_OFFER_S: Final = 3.0
_GRACE_S: Final = 5.0
_KEEPALIVE_S: Final = 40.0
_LATE_S: Final = 1.0
_SLACK_S: Final = 10.0
_SETTINGS: Final = {
    "offer_timeout_s": f"{_OFFER_S:g}",
    "ttl_s": "120",
    "disconnect_grace_s": f"{_GRACE_S:g}",
    "log_level": "warning",
}
_READY: Final = m.Readiness.READINESS_READY
_NOT_READY: Final = m.Readiness.READINESS_NOT_READY


async def vanished_desk(data: Path) -> tuple[dict[str, float | str], list[str]]:
    """Figures, and what went wrong."""
    figures: dict[str, float | str] = {}
    failures: list[str] = []
    interrupted = asyncio.Event()
    async with started(data, _SETTINGS) as server:
        token = server.admin_token
        async with (
            Client(server.address, token=token) as client,
            proxied(server.address) as proxy,
            Client(proxy.address, token=token, on_interruption=lambda *_: interrupted.set()) as far,
        ):
            lab = Lab(client, token)
            await lab.prepare()
            desk = far.attach("agents/eve")
            await anext(desk)
            reader = asyncio.ensure_future(_read(desk))
            try:
                await _vanish(lab, proxy, interrupted, figures)
            except TimeoutError:
                failures.append(
                    "a black-holed desk and its client had not noticed after keepalive, grace and 10 s more"
                )
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            await desk.aclose()
            await lab.close()
        failures += _late(figures)
        await asyncio.to_thread(server.terminate)
        failures += said_wrong(server)
    return figures, [*failures, *await asyncio.to_thread(examined, data)]


async def _vanish(lab: Lab, proxy: Proxy, interrupted: asyncio.Event, figures: dict[str, float | str]) -> None:
    """Offer a conversation to the desk, and let its network go. Raises TimeoutError."""
    await _set(lab, "eve", _READY)
    for busy in ("ann", "ben"):
        await _set(lab, busy, _NOT_READY)
    start = await lab.position()
    await lab.opened(m.Target(queue="queues/billing"))
    await _set(lab, "ann", _READY)
    await proxy.break_with(Fault.BLACK_HOLE)
    gone = monotonic()
    async with asyncio.timeout(_KEEPALIVE_S + _GRACE_S + _SLACK_S):
        figures["black-holed offer ended after, s"] = await _offer_moved_on(lab.client, start)
        await interrupted.wait()
        figures["black-holed client noticed after, s"] = monotonic() - gone
        await _logged_out(lab.client, start)
        figures["black-holed desk logged out after, s"] = monotonic() - gone


def _late(figures: dict[str, float | str]) -> list[str]:
    ended, out = (figures.get(f"black-holed {what} after, s") for what in ("offer ended", "desk logged out"))
    wrong = []
    if not isinstance(ended, float) or not _OFFER_S <= ended <= _OFFER_S + _LATE_S:
        wrong.append(f"I8: an offer of {_OFFER_S:g} s to a black-holed desk ended after {ended} s")
    if isinstance(out, float) and out < _GRACE_S:
        wrong.append(f"I8: a black-holed desk was logged out after {out:.1f} s, before its grace")
    return wrong


async def _set(lab: Lab, agent: str, state: m.Readiness.ValueType) -> None:
    await lab.client.set_agent_state(m.SetAgentStateRequest(agent=f"agents/{agent}", state=state))


async def _read(desk: Any) -> None:  # noqa: ANN401  an async generator of updates
    with suppress(StopAsyncIteration):
        while True:
            await anext(desk)


async def _offer_moved_on(watcher: Client, start: int) -> float:
    """Wait until the offer to the desk ended and another was made; how long the first was open, by the journal."""
    made: list[float] = []
    ended = 0.0
    async for answer in watcher.watch(after_position=start):
        for event in answer.events:
            at = event.time.ToNanoseconds() / 1e9
            if event.type == "OfferMade":
                made.append(at)
            elif event.type == "OfferEnded" and not ended:
                ended = at
            if len(made) > 1:
                return ended - made[0]
    raise AssertionError("a watch ended by itself")


async def _logged_out(watcher: Client, start: int) -> None:
    """Wait until the agent is logged out."""
    async for answer in watcher.watch(after_position=start, filter="subject = agents/eve"):
        if any(event.type == "AgentLoggedOut" for event in answer.events):
            return
