"""A mail server's SMTP side on loopback (aiosmtpd), which keeps what it is given and answers as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class SmtpServer:
    """`mails` are what it took. `answers`: what it says to RCPT or DATA, one after the other, instead of yes."""

    password: str = "hunter2"  # noqa: S105 - of a server on loopback
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str | None] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    held: asyncio.Event | None = None
    began: int = 0
    port: int = 0
    logins: int = 0

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        self.logins += 1
        is_known = isinstance(given, LoginPassword) and given.password.decode() == self.password
        return AuthResult(success=is_known, handled=False)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        told = self.answers.get("RCPT", [])
        if told:
            return told.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        self.began += 1
        if self.held is not None:
            await self.held.wait()
        told = self.answers.get("DATA", [])
        if told:
            return told.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        self.recipients += envelope.rcpt_tos
        self.senders.append(envelope.mail_from)
        return "250 OK"


@asynccontextmanager
async def smtp_server(*, tls: ssl.SSLContext | None = None, is_implicit: bool = False) -> AsyncIterator[SmtpServer]:
    """Serve on a free port; with `is_implicit` TLS from the first byte on, else STARTTLS where there is a context."""
    kept = SmtpServer()
    made: list[SMTP] = []

    def protocol() -> SMTP:
        made.append(
            SMTP(
                kept,
                hostname="mx.example.com",
                authenticator=kept.authenticate,
                auth_require_tls=False,
                tls_context=None if is_implicit else tls,
                loop=asyncio.get_running_loop(),
            )
        )
        return made[-1]

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls if is_implicit else None)
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        if kept.held is not None:
            kept.held.set()
        server.close()
        for one in made:
            if one.transport is not None:
                one.transport.close()
        await asyncio.sleep(0)
