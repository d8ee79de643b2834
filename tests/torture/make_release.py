"""Keep a data directory of a release: `python -m tests.torture.make_release 0.1.0`, beside `tests.journal.make_golden`.

A real server is kept busy for a while and ended in order; its directory goes into `releases/`, compressed, and beside
it what it must still say later. While a release is in the making the two files may be deleted and written again; once
it is out they stay as they are.
"""

import asyncio
import json
import sys
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from hookflash.engine.checker.findings import Findings
from hookflash.engine.checker.replay import Replay, digest
from hookflash.engine.domain.states import STATES
from hookflash.engine.journal.sqlite import SqliteJournal
from hookflash.engine.journal.state_codec import fingerprint
from hookflash.sdk.client import messages as m
from tests.e2e.server_process import start_server
from tests.torture.kill import SETTINGS, set_up
from tests.torture.ledger import Ledger
from tests.torture.traffic import Traffic

__all__ = ["RELEASES", "told"]

RELEASES: Final = Path(__file__).parent / "releases"
_HAPPENINGS: Final = 400
_KEPT: Final = ("admin.token", "journal.sqlite", "views.sqlite")


def told(data: Path) -> dict[str, Any]:
    """What a journal says: its last position, the digest of the states that it leads to, and these states' layout.

    Digests compare only where the layout is the same: a later release may keep more of a conversation than this one.
    """
    replay = Replay(Findings())
    with closing(SqliteJournal.open(data)) as journal:
        last = journal.tail().position
        for record in journal.read(0, last):
            replay.follow(record)
    layout = {str(kind): fingerprint(cls).hex() for kind, cls in STATES.items()}
    return {"position": last, "digest": digest(replay.states.items()).hex(), "layout": layout}


async def _busy(data: Path) -> list[str]:
    """Keep a server busy; the texts that it took."""
    ledger = Ledger()
    server = await asyncio.to_thread(start_server, data, settings=SETTINGS)
    try:
        traffic = Traffic(ledger, 1, await set_up(server))
        async with traffic.running(server.address):
            await ledger.until(_HAPPENINGS)
    finally:
        server.terminate()
    said = [asked.request for asked in ledger.accepted("send_message", "whisper", "receive")]
    return [each.text for each in said if not (isinstance(each, m.ReceiveRequest) and each.customer_left)]


def main(release: str) -> None:
    """Write `releases/RELEASE.tar.xz` and `releases/RELEASE.json`."""
    target = RELEASES / f"{release}.tar.xz"
    if target.exists():
        sys.exit(f"{target} is there already. That of a release that is out is never written again.")
    RELEASES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        texts = asyncio.run(_busy(data))
        says = {**told(data), "texts": texts}
        with tarfile.open(target, "w:xz") as archive:
            for name in _KEPT:
                archive.add(data / name, name)
    (RELEASES / f"{release}.json").write_text(json.dumps(says, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
