"""A mail server's IMAP side on loopback, with as much of the protocol as imaplib speaks, and the faults of real ones.

It behaves as the standard says where that surprises: `9:*` names the last mail too when there are only three.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

MAILS = Path(__file__).parent / "mails"
DATE = " 1-Jan-2026 10:00:00 +0000"


def recorded(name: str, **replaced: str) -> bytes:
    """A mail of the folder `mails`, with CRLF as on the wire."""
    text = (MAILS / f"{name}.eml").read_text(encoding="utf-8")
    for word, value in replaced.items():
        text = text.replace(word, value)
    return text.replace("\n", "\r\n").encode()


@dataclass
class ImapServer:
    """One mailbox. `answers` gives a command another answer (`NO`, `BAD`, `CUT`, `CUT BODY`), so many times each."""

    password: str = "hunter2"  # noqa: S105 - of a server on loopback
    validity: int = 7
    uid_next: int = 1
    mails: dict[int, tuple[bytes, str]] = field(default_factory=dict)
    answers: dict[str, list[str]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    stalled: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    tls: ssl.SSLContext | None = None
    connections: set[asyncio.StreamWriter] = field(default_factory=set)
    size_lie: int | None = None

    def put(self, raw: bytes, date: str = DATE) -> int:
        uid = self.uid_next
        self.mails[uid] = (raw, date)
        self.uid_next += 1
        return uid

    def renumber(self, validity: int) -> None:
        """Void all UIDs, as a server does that was restored from a backup."""
        kept = list(self.mails.values())
        self.validity, self.uid_next, self.mails = validity, 1, {}
        for raw, date in kept:
            self.put(raw, date)

    def count(self, command: str) -> int:
        return sum(one.startswith(command) for one in self.commands)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(writer)
        try:
            writer.write(b"* OK ready\r\n")
            while line := await reader.readline():
                tag, _, rest = line.decode().strip().partition(" ")
                self.commands.append(rest.replace(self.password, "***"))
                if not await self._answer(writer, tag, rest):
                    return
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            self.connections.discard(writer)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _answer(self, writer: asyncio.StreamWriter, tag: str, rest: str) -> bool:
        """Answer one command; False to hang up."""
        name = " ".join(rest.split()[:2]) if rest.startswith("UID ") else rest.partition(" ")[0]
        told = self.answers.get(name, [])
        word = told.pop(0) if told else ""
        if word == "CUT":
            return False
        if word == "STALL":
            await self.stalled.wait()
        if word in ("NO", "BAD"):
            writer.write(f"{tag} {word} not now\r\n".encode())
            return True
        match name:
            case "CAPABILITY":
                writer.write(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n")
            case "STARTTLS" if self.tls is not None:
                writer.write(f"{tag} OK go on\r\n".encode())
                await writer.start_tls(self.tls)
                return True
            case "LOGIN" if not rest.endswith(f' "{self.password}"'):
                writer.write(f"{tag} NO [AUTHENTICATIONFAILED] {rest}\r\n".encode())
                return True
            case "EXAMINE":
                head = f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] v\r\n"
                writer.write(f"{head}* OK [UIDNEXT {self.uid_next}] n\r\n".encode())
            case "UID FETCH":
                if not self._fetch(writer, rest, is_cut=word == "CUT BODY"):
                    return False
            case "LOGIN":
                pass
            case _:
                writer.write(f"{tag} BAD what is {name}\r\n".encode())
                return True
        writer.write(f"{tag} OK done\r\n".encode())
        await writer.drain()
        return True

    def _fetch(self, writer: asyncio.StreamWriter, rest: str, *, is_cut: bool) -> bool:
        found = re.fullmatch(r"UID FETCH (\d+)(:\*)? \((.*)\)", rest)
        assert found is not None, rest
        first, last = int(found[1]), max(self.mails, default=0)
        for number, (uid, (raw, date)) in enumerate(sorted(self.mails.items()), start=1):
            if not (uid >= first or uid == last if found[2] else uid == first):
                continue
            if "BODY.PEEK" not in found[3]:
                size = self.size_lie or len(raw)
                line = f'* {number} FETCH (UID {uid} RFC822.SIZE {size} INTERNALDATE "{date}")\r\n'
                writer.write(line.encode())
                continue
            body = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in found[3] else raw
            section = "BODY[HEADER]" if "HEADER" in found[3] else "BODY[]"
            writer.write(f"* {number} FETCH (UID {uid} {section} {{{len(body)}}}\r\n".encode())
            if is_cut:
                writer.write(body[: len(body) // 2])
                return False
            writer.write(body + b")\r\n* 1 FETCH (FLAGS (\\Seen))\r\n")
        return True


@asynccontextmanager
async def imap_server(*, tls: ssl.SSLContext | None = None, is_implicit: bool = False) -> AsyncIterator[ImapServer]:
    """Serve a mailbox on a free port; with `is_implicit` TLS from the first byte on, else by STARTTLS."""
    mailbox = ImapServer(tls=tls)
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0, ssl=tls if is_implicit else None)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        mailbox.stalled.set()
        server.close()
        for writer in list(mailbox.connections):
            writer.close()
        while mailbox.connections:  # noqa: ASYNC110  each ends by itself now
            await asyncio.sleep(0)
