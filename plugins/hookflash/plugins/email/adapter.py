"""The adapter of kind `email`: polls a mailbox and sends mails, each blocking call in a thread of this channel.

The cursor moves on only when a mail was taken, so a crash brings some mails again and loses none; the engine knows them
by their keys. A mail on its way out is joined, not sent a second time, when the engine asks again too soon.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.message import EmailMessage
from functools import partial
from hashlib import sha256
from typing import ClassVar, Final, TypeVar, final

from hookflash.plugins.email.addresses import customer_id
from hookflash.plugins.email.keys import MailKeys
from hookflash.plugins.email.letters import Letter, Letters
from hookflash.plugins.email.mailbox import Cursor, Listed, Mailbox, MailboxFailed
from hookflash.plugins.email.reading import Bounce, Mail, Nobodys, read_attachment, read_mail
from hookflash.plugins.email.settings import EmailConfig
from hookflash.plugins.email.smtp import named_error, send_mail, try_login
from hookflash.plugins.email.taking import arrivals_of, receipt_of
from hookflash.plugins.email.writing import write_mail
from hookflash.sdk import (
    Arrival,
    Capabilities,
    ChannelContext,
    Delivery,
    ExternalId,
    Idempotency,
    MediaRef,
    Permanent,
    PullChannel,
    Receipts,
    Secret,
    SendError,
    Transient,
)

__all__ = ["Email"]

T = TypeVar("T")

SENDERS_MAX: Final = 4
MEDIA_PIECE_SIZE: Final = 65_536
_ACCEPTED_MAX: Final = 1_000
_WAIT_MAX_S: Final = 300.0
_REFUSED_MAX: Final = 3
_CUT_MAX: Final = 10


@final
class Email(PullChannel):
    """A mailbox and a way out."""

    kind: ClassVar[str] = "email"
    Config: ClassVar[type[EmailConfig]] = EmailConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        text_size_max=100_000, receipts=Receipts.NONE, idempotency=Idempotency.KEY
    )

    def __init__(self, context: ChannelContext, config: EmailConfig) -> None:
        """Keep both; neither a thread nor a connection is opened yet."""
        super().__init__(context, config)
        self._settings = config
        self._letters = Letters(context.store)
        self._keys: MailKeys | None = None
        self._mailbox = Mailbox(config)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="mailbox")
        self._senders = ThreadPoolExecutor(SENDERS_MAX, thread_name_prefix="mail-out")
        self._sending: dict[str, asyncio.Future[None]] = {}
        self._accepted: dict[str, None] = {}
        self._trouble: SendError | None = None
        self._cursor_key = f"cursor/{_digest(config.imap_host, config.user, config.folder)}"

    async def start(self) -> None:
        """Make this channel's key at the first start, and read it later on; no server is asked."""
        store = self.context.store
        key = await store.get("key")
        if key is None:
            key = secrets.token_hex(32)
            await store.put("key", key)
        self._keys = MailKeys(Secret(key), self._settings.address.rpartition("@")[2])

    async def stop(self) -> None:
        """End the connection and the threads; a mail that is being handed over is not cut."""
        self._mailbox.close()
        self._reader.shutdown(wait=False)
        self._senders.shutdown(wait=False)

    async def health(self) -> None:
        """Raise what is wrong with the mailbox, or with the way out, now."""
        if self._trouble is not None:
            raise self._trouble
        await self._in_thread(self._senders, partial(try_login, self._settings))

    async def poll(self) -> AsyncIterator[Arrival]:
        """Bring what comes, oldest first, `poll_s` apart; a mailbox that is away is looked for again."""
        failures = 0
        uid_failures: dict[int, int] = {}
        while True:
            try:
                async for arrival in self._look(uid_failures):
                    yield arrival
            except MailboxFailed as failed:
                failures += 1
                self._troubled(failed.error)
                await self.context.sleep(min(self._settings.poll_s * 2.0 ** min(failures - 1, 10), _WAIT_MAX_S))
                continue
            failures = 0
            self._troubled(None)
            await self.context.sleep(self._settings.poll_s)

    async def send(self, delivery: Delivery) -> ExternalId:
        """Mail it; the external id is its Message-ID."""
        keys = self._named()
        customer = customer_id(delivery.to.id)
        message_id = keys.message_id(delivery.id)
        letter = await self._letters.of(customer)
        is_known = message_id in self._accepted or (letter is not None and message_id in letter.sent)
        if not is_known:
            sending = self._sending.get(message_id)
            if sending is None:
                mail = write_mail(delivery, letter, settings=self._settings, keys=keys, now=self.context.clock())
                to = letter.written if letter is not None else delivery.to.id
                sending = self._begin(message_id, mail, to)
            # Shielded: when the engine's patience ends, the mail may still be taken, and the next attempt joins it.
            await asyncio.shield(sending)
        await self._letters.sent(customer, message_id, keys.thread_token(delivery.conversation))
        return ExternalId(message_id)

    def classify(self, error: Exception) -> SendError:
        """Name what `send` let through."""
        return named_error(error)

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Bring an attachment of a mail that still lies in the mailbox."""
        try:
            validity, uid, number = (int(word) for word in ref.id.split("/"))
        except ValueError:
            raise Permanent("media", "this is no attachment of a mail") from None
        try:
            raw = await self._in_thread(self._reader, partial(self._mailbox.fetch, validity, uid))
        except MailboxFailed as failed:
            raise failed.error from failed
        found = None if raw is None else await self._in_thread(self._reader, partial(read_attachment, raw, number))
        if found is None:
            raise Permanent("media", "the mail is no longer in the mailbox")
        for start in range(0, len(found), MEDIA_PIECE_SIZE):
            yield found[start : start + MEDIA_PIECE_SIZE]

    async def _look(self, uid_failures: dict[int, int]) -> AsyncIterator[Arrival]:
        """Bring what lies behind the cursor, and move it mail by mail."""
        cursor = await self._cursor()
        listing = await self._in_thread(self._reader, partial(self._mailbox.list_after, cursor))
        if cursor is None and self._settings.start_from == "new":
            last = listing.uid_next - 1
            await self._keep(Cursor(validity=listing.validity, uid=last, at=self.context.clock()))
            return
        for listed in listing.mails:
            for arrival in await self._read(listing.validity, listed, uid_failures):
                yield arrival
            # Asked for the next one, so this mail was taken.
            uid_failures.pop(listed.uid, None)
            at = listed.at or self.context.clock()
            await self._keep(Cursor(validity=listing.validity, uid=listed.uid, at=at))
        if cursor is not None and cursor.validity != listing.validity and not listing.mails:
            # Numbered anew, and nothing of it is new.
            await self._keep(Cursor(validity=listing.validity, uid=listing.uid_next - 1, at=cursor.at))

    async def _read(self, validity: int, listed: Listed, uid_failures: dict[int, int]) -> list[Arrival]:
        is_large = listed.size > self._settings.mail_size_max
        fetch = partial(self._mailbox.fetch, validity, listed.uid, is_header_only=is_large)
        try:
            raw = await self._in_thread(self._reader, fetch)
        except MailboxFailed as failed:
            count = uid_failures[listed.uid] = uid_failures.get(listed.uid, 0) + 1
            if count < (_REFUSED_MAX if failed.is_refusal else _CUT_MAX):
                raise
            # One mail that its server cannot give must not hold up all others for ever.
            self.context.log.warning("mail_skipped", uid=listed.uid, reason=str(failed.error))
            return []
        if raw is None:
            return []  # Deleted between the two looks.
        reading = await self._in_thread(self._reader, partial(read_mail, raw, self._settings.address))
        at = listed.at or self.context.clock()
        match reading:
            case Nobodys(reason=reason):
                self.context.log.info("mail_dropped", uid=listed.uid, reason=reason)
                return []
            case Bounce():
                receipt = receipt_of(reading, self._named(), at=at)
                return [] if receipt is None else [receipt]
            case Mail():
                return await self._arrivals(reading, listed, validity, at, is_large=is_large)

    async def _arrivals(
        self, mail: Mail, listed: Listed, validity: int, at: datetime, *, is_large: bool
    ) -> list[Arrival]:
        customer = customer_id(mail.address)
        before = await self._letters.of(customer)
        # Before it is taken: the first notice may go out, as an answer to it, at once.
        await self._letters.received(
            customer,
            Letter(written=mail.address, message_id=mail.message_id, subject=mail.subject, references=mail.references),
        )
        return list(
            arrivals_of(
                mail,
                channel=self.context.channel,
                settings=self._settings,
                keys=self._named(),
                before=before,
                place=f"{validity}/{listed.uid}",
                at=at,
                too_large=listed.size if is_large else None,
            )
        )

    def _begin(self, message_id: str, mail: EmailMessage, to: str) -> "asyncio.Future[None]":
        sending = asyncio.get_running_loop().run_in_executor(self._senders, send_mail, self._settings, mail, to)
        self._sending[message_id] = sending

        def done(ended: "asyncio.Future[None]") -> None:
            del self._sending[message_id]
            if not ended.cancelled() and ended.exception() is None:
                self._accepted[message_id] = None
                if len(self._accepted) > _ACCEPTED_MAX:
                    del self._accepted[next(iter(self._accepted))]

        sending.add_done_callback(done)
        return sending

    def _named(self) -> MailKeys:
        if self._keys is None:
            raise Transient("the channel has not started")
        return self._keys

    def _troubled(self, error: SendError | None) -> None:
        """Tell an admin once when the mailbox is away, and once when it is back."""
        if error is not None and type(error) is not type(self._trouble):
            self.context.log.warning("mailbox_away", reason=str(error))
        elif error is None and self._trouble is not None:
            self.context.log.info("mailbox_back")
        self._trouble = error

    async def _cursor(self) -> Cursor | None:
        value = await self.context.store.get(self._cursor_key)
        if value is None:
            return None
        kept = json.loads(value)
        return Cursor(validity=kept["validity"], uid=kept["uid"], at=datetime.fromisoformat(kept["at"]))

    async def _keep(self, cursor: Cursor) -> None:
        value = json.dumps({"validity": cursor.validity, "uid": cursor.uid, "at": cursor.at.isoformat()})
        await self.context.store.put(self._cursor_key, value)

    async def _in_thread(self, threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, call)


def _digest(*words: str) -> str:
    return sha256("\0".join(words).encode()).hexdigest()[:32]
