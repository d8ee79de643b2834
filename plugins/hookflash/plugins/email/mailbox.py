"""A mailbox over IMAP: what has come since a cursor, and the raw mails. Blocking; everything here runs in one thread.

The cursor is (UIDVALIDITY, UID). What is unread says nothing: people read in the same mailbox, so flags are neither
asked for nor set, and the folder is opened for reading only.
"""

import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, final

from hookflash.plugins.email.settings import EmailConfig
from hookflash.sdk import AuthExpired, SendError, Transient

__all__ = ["Cursor", "Listed", "Listing", "Mailbox", "MailboxFailed", "tls_context"]

_REPEATED: Final = timedelta(days=1)
_LITERAL_MARGIN: Final = 65_536
_UID: Final = re.compile(rb"\bUID (\d{1,10})\b")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d{1,12})\b")
_DATE: Final = re.compile(rb'\bINTERNALDATE "([^"]{10,40})"')


class MailboxFailed(Exception):  # noqa: N818  it says what happened, as the errors of the SDK do
    """The mailbox cannot be read now. `is_refusal`: the server answered, and its answer was no."""

    def __init__(self, error: SendError, *, is_refusal: bool) -> None:
        """Keep what the admin is told."""
        super().__init__(str(error))
        self.error = error
        self.is_refusal = is_refusal


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The last mail that was taken; `at` is when that one, or the first look, was."""

    validity: int
    uid: int
    at: datetime


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A mail that lies in the mailbox: its size in bytes, and when the server got it (None: it does not say)."""

    uid: int
    size: int
    at: datetime | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a mailbox holds behind a cursor, oldest first, and the UID that the next mail will have at least."""

    validity: int
    uid_next: int
    mails: tuple[Listed, ...]


class _BoundedMixin:
    """Refuses a literal that the server announces as larger than a mail may be: it would be read into memory whole."""

    literal_size_max: int = 0

    def read(self, size: int) -> bytes:
        if size > self.literal_size_max:
            raise imaplib.IMAP4.abort("a literal is too large")
        return super().read(size)  # type: ignore[misc,no-any-return]  # of the class that this is mixed into


class _Clear(_BoundedMixin, imaplib.IMAP4):
    pass


class _Tls(_BoundedMixin, imaplib.IMAP4_SSL):
    pass


@final
class Mailbox:
    """One folder; `close` may be called from any thread and ends whatever another one waits for."""

    def __init__(self, settings: EmailConfig) -> None:
        """Connect to nothing yet."""
        self._settings = settings
        self._imap: imaplib.IMAP4 | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def list_after(self, cursor: Cursor | None) -> Listing:
        """List what came after the cursor. Raises MailboxFailed.

        Without a cursor and with `start_from` new nothing is listed, only where the next mail will lie.
        Where UIDVALIDITY is another, all numbers are void: what came since a day before the cursor's last mail is
        listed again, and the dedupe keys tell what was taken.
        """
        with self._turn():
            imap, validity = self._examined()
            uid_next = _number(imap.response("UIDNEXT")[1]) or 0
            is_same = cursor is not None and cursor.validity == validity
            is_wanted = cursor is not None or self._settings.start_from == "all"
            first = cursor.uid + 1 if cursor is not None and is_same else 1
            # `first:*` names the last mail too where there is none behind it.
            mails = [one for one in _listed(imap, first) if one.uid >= first] if is_wanted or not uid_next else []
        if cursor is not None and not is_same:
            mails = [one for one in mails if one.at is None or one.at >= cursor.at - _REPEATED]
        last = max((one.uid for one in mails), default=0)
        return Listing(validity=validity, uid_next=max(uid_next, last + 1), mails=tuple(mails))

    def fetch(self, validity: int, uid: int, *, is_header_only: bool = False) -> bytes | None:
        """Give a raw mail, or only its header; None where it is gone. Raises MailboxFailed."""
        section = "BODY.PEEK[HEADER]" if is_header_only else "BODY.PEEK[]"
        with self._turn():
            imap, now_valid = self._examined()
            if now_valid != validity:
                return None
            for item in _answered(imap.uid("FETCH", str(uid), f"(UID {section})")):
                if isinstance(item, tuple) and b"BODY[" in item[0].upper():
                    return bytes(item[1])
        return None

    def close(self) -> None:
        """End the connection, for good, without waiting for anybody."""
        self._is_closed = True
        imap = self._imap
        if imap is None:
            return
        if self._lock.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._lock.release()
        else:
            with suppress(OSError):
                # Not closed: whoever reads from it sees the end, and closes it.
                imap.sock.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        try:
            with self._lock:
                try:
                    yield
                except Exception as error:
                    # Not used again, for nobody knows where in an answer it stands.
                    self._drop()
                    raise _failed(error) from error
        finally:
            if self._is_closed:  # While this turn held the lock: whoever closed it could not drop the connection.
                self.close()

    def _drop(self) -> None:
        imap, self._imap = self._imap, None
        if imap is not None:
            with suppress(Exception):
                imap.shutdown()

    def _examined(self) -> tuple[imaplib.IMAP4, int]:
        imap = self._connected()
        _answered(imap.select(f'"{_escaped(self._settings.folder)}"', readonly=True))
        return imap, _number(imap.response("UIDVALIDITY")[1]) or 0

    def _connected(self) -> imaplib.IMAP4:
        if self._is_closed:
            raise ConnectionError("the mailbox is closed")
        if self._imap is not None:
            return self._imap
        settings, (host, port) = self._settings, self._settings.imap_at
        imap: imaplib.IMAP4
        if settings.imap_security == "tls":
            imap = _Tls(host, port, ssl_context=tls_context(settings), timeout=settings.timeout_s)
        else:
            imap = _Clear(host, port, timeout=settings.timeout_s)
        imap.literal_size_max = settings.mail_size_max + _LITERAL_MARGIN
        self._imap = imap
        if self._is_closed:  # Meanwhile.
            raise ConnectionError("the mailbox is closed")
        if settings.imap_security == "starttls":
            _answered(imap.starttls(tls_context(settings)))
        try:
            imap.login(settings.user, settings.password.reveal())
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            raise AuthExpired("the mailbox does not take user and password") from None
        return imap


def _listed(imap: imaplib.IMAP4, first: int) -> list[Listed]:
    found = []
    for item in _answered(imap.uid("FETCH", f"{first}:*", "(UID RFC822.SIZE INTERNALDATE)")):
        line = item[0] if isinstance(item, tuple) else item
        if not isinstance(line, bytes):
            continue
        uid, size, date = _UID.search(line), _SIZE.search(line), _DATE.search(line)
        if uid is not None and size is not None:
            found.append(Listed(uid=int(uid[1]), size=int(size[1]), at=_time(date[1]) if date else None))
    return sorted(found, key=lambda one: one.uid)


def _failed(error: Exception) -> MailboxFailed:
    if isinstance(error, SendError):
        return MailboxFailed(error, is_refusal=True)
    is_refusal = isinstance(error, imaplib.IMAP4.error) and not isinstance(error, imaplib.IMAP4.abort)
    # The words of a server may repeat what it was sent, the password too: only the class is told.
    return MailboxFailed(Transient(f"the mailbox cannot be read: {type(error).__name__}"), is_refusal=is_refusal)


def tls_context(settings: EmailConfig) -> ssl.SSLContext:
    """Trust the system's authorities, or only those of `ca_file`."""
    return ssl.create_default_context(cafile=None if settings.ca_file is None else str(settings.ca_file))


def _answered(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
    kind, items = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(f"answered {kind}")
    return items


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _number(items: list[object]) -> int | None:
    item = items[0] if items else None
    return int(item) if isinstance(item, bytes) and item.isdigit() else None


def _time(raw: bytes) -> datetime | None:
    try:
        return parsedate_to_datetime(raw.decode("ascii")).astimezone(UTC)
    except ValueError:
        return None
