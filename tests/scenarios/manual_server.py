"""A real server process whose clock stands still: `python -m tests.scenarios.manual_server DATA NOW LIMITS`.

It prints the address it listens on, then answers each line `advance SECONDS` with `at TIME` once everything that fell
due on the way is durable and shown. All but the clock is what `hookflash serve` puts together.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import TextIO

from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.domain.limits import Limits
from hookflash.engine.engine import Engine
from hookflash.engine.journal.sqlite import SqliteJournal
from hookflash.engine.server.app import Server
from hookflash.engine.settings import PluginSettings, Settings
from hookflash.engine.views.store import VIEWS_FILE, Views

PLUGINS = Path(__file__).parent / "plugins"


async def serve(data: Path, now: float, limits: Limits) -> None:
    """Serve until stdin ends."""
    settings = Settings(listen="127.0.0.1:0", data=data, limits=limits, plugins=PluginSettings(plugins_dir=PLUGINS))
    clock = ManualClock(now)
    engine = Engine.assemble(settings, SqliteJournal.open(data), Views.open(data / VIEWS_FILE), clock=clock)
    await engine.start()
    server = Server(engine)
    _say(f"listens on {await server.start()}")
    while line := await asyncio.to_thread(sys.stdin.readline):
        _, _, seconds = line.strip().partition(" ")
        clock.advance(float(seconds))
        await engine.shard.until_durable(engine.shard.last_position)
        await engine.until_shown(engine.shard.durable_position, 10.0)
        _say(f"at {clock.now()}")
    await server.stop()
    await engine.stop()


def _say(line: str, out: TextIO = sys.stdout) -> None:
    out.write(line + "\n")
    out.flush()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2]), Limits(**json.loads(sys.argv[3]))))
