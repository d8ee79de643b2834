"""Who comes under several ids is one customer, also where somebody outside brings him, and after a restart."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from hookflash.engine.domain.refusals import JournalUnavailable
from hookflash.engine.edge.aliases import AliasBook
from hookflash.engine.edge.inbox_file import InboxFile
from tests.actors.running import WEB
from tests.edge.at_edge import at_edge


async def test_what_is_learnt_from_outside_is_durable_before_it_is_told(tmp_path: Path) -> None:
    file = InboxFile(tmp_path / "inbox.sqlite")
    async with at_edge(file=file) as world:
        await world.apply(kind="web", is_external=True)
        assert await world.edge.aliases.known(WEB, "user.7", []) == "user.7"
        assert await world.edge.aliases.known(WEB, "user.7", ["+49 1"]) == "user.7"
        again = AliasBook(world.edge.inbox, file)
        assert await again.known(WEB, "+49 1", []) == "user.7", "after a kill it is known"
        assert (await again.of_channel(WEB)).of("user.7") == ("+49 1",)
        await world.forget_web()
        assert await world.edge.aliases.known(WEB, "+49 1", []) == "+49 1", "who was known went with the channel"
    file.close()


async def test_what_the_disk_does_not_take_is_refused_for_now_and_kept_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = InboxFile(tmp_path / "inbox.sqlite")
    async with at_edge(file=file) as world:
        keep, is_full = file.keep, asyncio.Event()

        async def failing(*rows: object) -> list[int | None]:
            if is_full.is_set():
                raise sqlite3.OperationalError("database or disk is full")
            return await keep(*rows)  # type: ignore[arg-type]

        monkeypatch.setattr(InboxFile, "keep", lambda _file, *rows: failing(*rows))
        is_full.set()
        with pytest.raises(JournalUnavailable) as refused:
            await world.edge.aliases.known(WEB, "user.7", ["+49 1"])
        assert refused.value.retry_after_s
        is_full.clear()
        assert await world.edge.aliases.known(WEB, "+49 1", []) == "user.7"
        assert await file.aliases("web") == [("+49 1", "user.7")]
    file.close()
