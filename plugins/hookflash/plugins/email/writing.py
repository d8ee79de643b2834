"""From a Delivery to the mail that carries it.

Pure: the same Delivery gives the same Message-ID. It is built of the Delivery's content and of the customer's own last
mail only; no history is quoted, so there is nothing a whisper could stand in.
"""

from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from typing import Any, Final

from hookflash.plugins.email.addresses import read_address
from hookflash.plugins.email.keys import MailKeys
from hookflash.plugins.email.letters import Letter
from hookflash.plugins.email.settings import EmailConfig
from hookflash.sdk import CustomerNotice, Delivery, Permanent

__all__ = ["write_mail"]

_REFERENCES_MAX: Final = 12
_LOCAL_LENGTH_MAX: Final = 64


class _Ids(UnstructuredHeader, BaseHeader):
    """A header of message ids, one a line: the standard one would wrap a long id as encoded words, and lose it."""

    def fold(self, *, policy: "Policy[Any]") -> str:
        return f"{self.name}: {(policy.linesep + ' ').join(str(self).split())}{policy.linesep}"


def _headers() -> HeaderRegistry:
    registry = HeaderRegistry()
    for name in ("in-reply-to", "references"):
        registry.map_to_type(name, _Ids)
    return registry


_POLICY: Final = SMTP.clone(header_factory=_headers())


def write_mail(
    delivery: Delivery, letter: Letter | None, *, settings: EmailConfig, keys: MailKeys, now: datetime
) -> EmailMessage:
    """Write a Delivery's mail. Raises Permanent where its address is none that mail can go to."""
    content = delivery.content
    mail = EmailMessage(policy=_POLICY)
    to = read_address(letter.written if letter is not None else delivery.to.id)
    if to is None:
        raise Permanent("address", "the customer's address is no mail address")
    name = settings.from_name if isinstance(content, CustomerNotice) else _sender(content.sender_name, settings)
    mail["From"] = Address(display_name=_line(name), addr_spec=settings.address)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = _subject(letter, settings)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = keys.message_id(delivery.id)
    if letter is not None and letter.message_id:
        mail["In-Reply-To"] = letter.message_id
        before = [one for one in letter.references if one != letter.message_id][-_REFERENCES_MAX:]
        mail["References"] = " ".join((*before, letter.message_id))
    if settings.has_plus_address and (answer_to := _plus(settings.address, keys.thread_token(delivery.conversation))):
        mail["Reply-To"] = Address(addr_spec=answer_to)
    if isinstance(content, CustomerNotice):
        mail["Auto-Submitted"] = "auto-replied"
        mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(content.text, charset="utf-8", cte="quoted-printable")
    return mail


def _sender(name: str, settings: EmailConfig) -> str:
    return " - ".join(one for one in (name, settings.from_name) if one)


def _subject(letter: Letter | None, settings: EmailConfig) -> str:
    subject = _line(letter.subject if letter is not None else "") or settings.subject
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _plus(address: str, token: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}" if len(local) + len(token) < _LOCAL_LENGTH_MAX else ""


def _line(text: str) -> str:
    """A text on one line: the library refuses line breaks in a header, and a mail must not fail for a name."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
