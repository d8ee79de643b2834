"""A mail adapter with both its servers on loopback, and what a test does with them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hookflash.plugins.email import Email, EmailConfig
from hookflash.sdk import Arrival, CustomerAddress, CustomerNotice, Delivery, Message, fill
from hookflash.sdk.testing import RecordedLog, RecordedStore, channel_context
from hookflash.sdk.types import ChannelId, ConversationId, DeliveryId
from tests.channels.imap_server import ImapServer, imap_server
from tests.channels.smtp_server import SmtpServer, smtp_server

OWN = "support@example.com"
ENVIRON = {"MAIL_PASSWORD": "hunter2"}


@dataclass
class MailWorld:
    """Both servers, and what outlives a restart of the adapter."""

    imap: ImapServer
    smtp: SmtpServer
    store: RecordedStore = field(default_factory=RecordedStore)
    log: RecordedLog = field(default_factory=RecordedLog)

    def settings(self, **more: object) -> dict[str, object]:
        return {
            "address": OWN,
            "user": "support",
            "password": "env:MAIL_PASSWORD",
            "imap_host": "127.0.0.1",
            "imap_port": self.imap.port,
            "imap_security": "plain",
            "smtp_host": "127.0.0.1",
            "smtp_port": self.smtp.port,
            "smtp_security": "plain",
            "smtp_login": "none",
            "from_name": "Support",
            **more,
        }

    @asynccontextmanager
    async def adapter(self, **more: object) -> AsyncIterator[Email]:
        context = channel_context("mail", log=self.log, store=self.store)
        adapter = Email(context, fill(EmailConfig, self.settings(**more), environ=ENVIRON))
        await adapter.start()
        try:
            yield adapter
        finally:
            await adapter.stop()

    async def take(self, adapter: Email, count: int) -> list[Arrival]:
        """So many arrivals, each taken: the next is asked for only then."""
        taken: list[Arrival] = []
        async with asyncio.timeout(20):
            polling = adapter.poll()
            async for arrival in polling:
                taken.append(arrival)
                if len(taken) == count:
                    # Asked once more, so that the last is known to be taken as well.
                    more = asyncio.ensure_future(anext(polling))
                    await self.until_looked()
                    more.cancel()
                    await asyncio.gather(more, return_exceptions=True)
                    break
        return taken

    async def look(self, adapter: Email) -> list[Arrival]:
        """What comes until the mailbox was looked at twice more."""
        taken: list[Arrival] = []

        async def poll() -> None:
            async for arrival in adapter.poll():
                taken.append(arrival)  # noqa: PERF401  it never ends by itself

        polling = asyncio.ensure_future(poll())
        await self.until_looked()
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        return taken

    async def look_refused(self, adapter: Email) -> list[Arrival]:
        """What comes until two logins were refused."""
        polling = asyncio.ensure_future(anext(adapter.poll()))
        await until(lambda: self.imap.count("LOGIN") >= 2)
        polling.cancel()
        found = await asyncio.gather(polling, return_exceptions=True)
        return [arrival for arrival in found if not isinstance(arrival, BaseException)]

    async def until_looked(self) -> None:
        looked = self.imap.count("EXAMINE")
        await until(lambda: self.imap.count("EXAMINE") >= looked + 2)


async def until(is_so: Callable[[], object]) -> None:
    """Let the loop run until something is so."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110  what is awaited differs from test to test
            await asyncio.sleep(0.001)


@asynccontextmanager
async def mail_world() -> AsyncIterator[MailWorld]:
    async with imap_server() as imap, smtp_server() as smtp:
        yield MailWorld(imap, smtp)


def delivery(number: int, content: Message | CustomerNotice | str, to: str = "carla@example.net") -> Delivery:
    said = Message(sender_name="Ann", text=content) if isinstance(content, str) else content
    return Delivery(
        id=DeliveryId(f"conversations/1/deliveries/{number}"),
        conversation=ConversationId("1"),
        sequence=number,
        to=CustomerAddress(channel=ChannelId("mail"), id=to),
        content=said,
    )
