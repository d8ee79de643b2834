"""The sink that writes what happens into a file, a JSON object a line: for archives, and for tools that read files.

A batch is on the disk before it is taken. A file that has grown to `size_max` is set aside as `NAME.1`, the one before
as `NAME.2`, and so on; what the last of `files_max` held is gone. Whoever reads may meet an entry twice.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Literal, final

from hookflash.sdk import Ack, Audience, CustomerNotice, Event, Message, Registry, Said, hookimpl

__all__ = ["SDK_API", "AgentLines", "CustomerLines", "JsonlConfig", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class JsonlConfig:
    """Where the file is (none: there is no sink), whose view it holds, and how much of it is kept, in bytes and files.

    The view of AGENTS holds whispers and notes, and must be granted: `grant_agents = true`.
    """

    path: Path | None = None
    audience: Literal["CUSTOMER", "AGENTS"] = "CUSTOMER"
    size_max: int = 100_000_000
    files_max: int = 10

    def __post_init__(self) -> None:
        """Refuse sizes that keep nothing."""
        if self.size_max < 1 or self.files_max < 1:
            raise ValueError("settings 'size_max' and 'files_max' must be at least 1")


class _Lines:
    """A rotating file that only its owner reads."""

    def __init__(self, path: Path, config: JsonlConfig) -> None:
        self._path = path
        self._config = config

    async def write(self, lines: Sequence[str]) -> Ack:
        """Append lines and wait until the disk has them."""
        await asyncio.to_thread(self._append, "".join(f"{line}\n" for line in lines).encode())
        return Ack()

    def _append(self, content: bytes) -> None:
        if self._path.exists() and self._path.stat().st_size >= self._config.size_max:
            self._rotate()
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
            if file.tell() and not self._ends_with_line():
                file.write(b"\n")  # A kill cut the last line; what it held comes again whole.
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def _ends_with_line(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _rotate(self) -> None:
        for number in range(self._config.files_max - 1, 0, -1):
            older = self._named(number - 1)
            if older.exists():
                older.replace(self._named(number))
        if self._config.files_max == 1:
            self._path.unlink()

    def _named(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


@final
class CustomerLines(_Lines):
    """The sink of what customers said and were shown."""

    name: ClassVar[str] = "jsonl"
    audience: ClassVar[Audience] = Audience.CUSTOMER

    async def deliver(self, batch: Sequence[Said] | Sequence[Event]) -> Ack:
        """Write a batch."""
        return await self.write([_line_of_said(said) for said in batch if isinstance(said, Said)])


@final
class AgentLines(_Lines):
    """The sink of everything that happens."""

    name: ClassVar[str] = "jsonl"
    audience: ClassVar[Audience] = Audience.AGENTS

    async def deliver(self, batch: Sequence[Said] | Sequence[Event]) -> Ack:
        """Write a batch."""
        return await self.write([_json(asdict(event)) for event in batch if isinstance(event, Event)])


def _line_of_said(said: Said) -> str:
    content = said.content
    spoken: dict[str, object] = {"notice": content.key} if isinstance(content, CustomerNotice) else _spoken(content)
    return _json(
        {
            "conversation": said.conversation,
            "sequence": said.sequence,
            "at": said.at,
            "is_from_customer": said.is_from_customer,
            **spoken,
            "text": content.text,
        }
    )


def _spoken(message: Message) -> dict[str, object]:
    of_media = {} if message.media is None else {"media": message.media.told()}
    return {"sender": message.sender_name, **of_media}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the sink, where the settings name a file."""
    config = registry.config(JsonlConfig)
    if config.path is None:
        return
    registry.sink(
        CustomerLines(config.path, config) if config.audience == "CUSTOMER" else AgentLines(config.path, config)
    )
