"""Raises and lowers the curtain: the server, the clients, the story, and at the end the check and the cleaning up.

Whatever ends the play, Ctrl-C included, ends its server and removes its directory.
"""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hookflash.cli.demo import conference, transfer
from hookflash.cli.demo.actors import Customer, Desk, closed
from hookflash.cli.demo.centre import ANN, BOB, CLEO, DAN, adapter_token, agent_token, set_up
from hookflash.cli.demo.heard import Kind
from hookflash.cli.demo.own_server import OwnServer
from hookflash.cli.demo.promises import checked
from hookflash.cli.demo.screen import SERVER_LABEL, Screen
from hookflash.cli.demo.stage import Pace, Stage
from hookflash.cli.failures import CommandError, ExitCode
from hookflash.sdk.client import Backoff, Client, HookflashError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["run"]

_FAST: Final = Pace(offer_timeout_s=1.5, night_ttl_s=1.0)
_READABLE: Final = Pace(offer_timeout_s=10.0, night_ttl_s=4.0)
# The demo's server is back within a second or two; nobody else waits for it.
_BACKOFF: Final = Backoff(first_s=0.1, max_s=0.2)


def run(console: Console, *, is_fast: bool) -> int:
    """Play the whole story; the exit code says whether everything promised was seen."""
    try:
        return asyncio.run(_play(Screen(console, is_fast=is_fast), _FAST if is_fast else _READABLE))
    except asyncio.CancelledError:
        return ExitCode.INTERRUPTED
    except HookflashError as error:
        raise CommandError(f"The demo stopped: {error.sentence} ({error.reason})") from error


async def _play(screen: Screen, pace: Pace) -> int:
    _let_signals_cancel()
    with tempfile.TemporaryDirectory(prefix="hookflash-demo-", ignore_cleanup_errors=True) as directory:
        async with _stage(screen, pace, Path(directory)) as stage:
            for scene in (*transfer.SCENES, *conference.SCENES, transfer.nobody_there):
                await scene(stage)
            await stage.gather_evidence()
    checks = checked(stage.evidence)
    screen.checks(checks)
    missing = sum(not each.is_kept for each in checks)
    if missing:
        screen.end(f"{missing} of {len(checks)} promises were not seen.")
        return ExitCode.FAILED
    screen.end(f"All {len(checks)} promises were seen. The server is stopped, its data is removed.")
    return ExitCode.OK


def _let_signals_cancel() -> None:
    """Clean up also when the demo is asked to end, or its terminal is closed."""
    playing = asyncio.current_task()
    if playing is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, playing.cancel)


@asynccontextmanager
async def _stage(screen: Screen, pace: Pace, directory: Path) -> AsyncIterator[Stage]:
    """Start the server, set up the centre, seat everybody; end all of it afterwards."""
    async with AsyncExitStack() as ending:
        server = OwnServer(directory)
        ending.push_async_callback(server.stop)
        await screen.begin()
        await server.start()
        admin = await ending.enter_async_context(Client(server.address, token=server.admin_token))
        made = await set_up(admin, offer_timeout_s=pace.offer_timeout_s, night_ttl_s=pace.night_ttl_s)
        await screen.does(SERVER_LABEL, f"process {server.pid} listens on {server.address}; {made} resources applied")

        async def client(token: str) -> Client:
            return await ending.enter_async_context(Client(server.address, token=token, backoff=_BACKOFF))

        ann, bob, cleo, dan = [
            Desk(each, await client(await agent_token(admin, each))) for each in (ANN, BOB, CLEO, DAN)
        ]
        customer = Customer(
            await client(await adapter_token(admin)), address="maria@example.com", display_name="Maria Lopez"
        )
        ending.push_async_callback(
            closed, *(asyncio.create_task(each.read()) for each in (ann, bob, cleo, dan, customer))
        )
        for desk in (ann, bob, cleo, dan):
            await desk.log.until(Kind.WELCOME)
            # One after the other: who is ready longest is asked first, so Bob before Cleo.
            await desk.go_ready()
        yield Stage(
            server=server, screen=screen, pace=pace, admin=admin,
            ann=ann, bob=bob, cleo=cleo, dan=dan, customer=customer,
        )  # fmt: skip
