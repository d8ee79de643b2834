"""From a raw mail to what it is: a customer's words, a bounce of one of ours, or something that is nobody's words.

Pure, and it raises nothing: a mail is written by whoever likes to.
"""

import hashlib
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Final, TypeAlias, cast, final

from hookflash.plugins.email.addresses import customer_id, read_address, split_plus
from hookflash.plugins.email.bodies import Attachment, Part, attachment_bytes, header_text, read_body
from hookflash.plugins.email.quotes import without_history

__all__ = ["Bounce", "Mail", "Nobodys", "Reading", "read_attachment", "read_mail"]

_MESSAGE_ID: Final = re.compile(r"<[^<>\s]{1,400}>", re.ASCII)
_BOUNDARY: Final = re.compile(rb"boundary", re.IGNORECASE)
_BOUNDARIES_MAX: Final = 40
_REFERENCES_MAX: Final = 20
_RECIPIENTS_MAX: Final = 50
_SUBJECT_LENGTH_MAX: Final = 200
_NAME_LENGTH_MAX: Final = 100
_WORDS_LENGTH_MAX: Final = 200
_BULK: Final = frozenset({"bulk", "list", "junk", "auto_reply"})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What a customer wrote. `key` names the mail: its Message-ID, else the SHA-256 of all of it.

    `message_id` is empty where it has none. `address` is his as he spelt it, `references` the ids of the mails before
    this one, the one it answers last, and `plus_token` what stood behind the plus of the address that he wrote to.
    """

    key: str
    message_id: str
    address: str
    name: str
    subject: str
    text: str
    attachments: tuple[Attachment, ...]
    references: tuple[str, ...]
    plus_token: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A report about mails of ours: `message_ids` are those it may be about, `error` is None where it is no failure."""

    key: str
    message_ids: tuple[str, ...]
    error: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Nobodys:
    """A mail that no customer wrote (`reason`): taking it could start a loop of machines."""

    reason: str


Reading: TypeAlias = Mail | Bounce | Nobodys


def read_mail(raw: bytes, own_address: str) -> Reading:
    """Read a mail that came to `own_address`."""
    try:
        return _read(_parsed(_bounded(raw)), raw, own_address)
    except Exception as error:  # noqa: BLE001  the parser must not end the mailbox, whatever it stumbles over
        return Nobodys(reason=f"it cannot be parsed: {type(error).__name__}")


def read_attachment(raw: bytes, number: int) -> bytes | None:
    """Give an attachment's bytes by its number; None where the mail has none such."""
    try:
        return attachment_bytes(_parsed(_bounded(raw)), number)
    except Exception:  # noqa: BLE001  as above
        return None


def _bounded(raw: bytes) -> bytes:
    """The mail, or only its header where its parts lie in parts without end.

    The parser compares each line with every boundary that is open, so that its time would grow with their product.
    """
    return raw if len(_BOUNDARY.findall(raw)) <= _BOUNDARIES_MAX else raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def _parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def _read(mail: EmailMessage, raw: bytes, own_address: str) -> Reading:
    key = _key(mail, raw)
    if mail.get_content_type() == "multipart/report":
        return _report(mail, key)
    # In the order of what an admin would want to hear.
    if (reason := _machine(mail)) is not None:
        return Nobodys(reason=reason)
    written, name = _sender(mail)
    if written is None:
        return Nobodys(reason="it has no sender that can be answered")
    if split_plus(written)[0] == split_plus(own_address)[0]:
        return Nobodys(reason="it comes from this address itself")
    body = read_body(mail)
    references = _ids(header_text(mail, "References"))
    answered = _ids(header_text(mail, "In-Reply-To"))[:1]
    subject = header_text(mail, "Subject")[:_SUBJECT_LENGTH_MAX]
    said = without_history(body.text)
    return Mail(
        key=key,
        message_id=next(iter(_ids(header_text(mail, "Message-ID"))), ""),
        address=written,
        name=name,
        subject=subject,
        # Half of a surrogate pair is no text anywhere else.
        text=said.encode("utf-8", "replace").decode("utf-8"),
        attachments=body.attachments,
        references=(*(one for one in references if one not in answered), *answered)[-_REFERENCES_MAX:],
        plus_token=_plus_token(mail, own_address),
    )


def _key(mail: EmailMessage, raw: bytes) -> str:
    found = _ids(header_text(mail, "Message-ID"))
    return found[0] if found else f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _machine(mail: EmailMessage) -> str | None:
    """Why this is a machine's mail; None where it is a person's."""
    submitted = header_text(mail, "Auto-Submitted").replace("(", ";").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return f"Auto-Submitted: {submitted[:_WORDS_LENGTH_MAX]}"
    precedence = header_text(mail, "Precedence").lower()
    if precedence in _BULK:
        return f"Precedence: {precedence}"
    if header_text(mail, "X-Auto-Response-Suppress"):
        return "X-Auto-Response-Suppress"
    if "Return-Path" in mail and header_text(mail, "Return-Path") in ("<>", ""):
        return "empty return path"
    return None


def _sender(mail: EmailMessage) -> tuple[str | None, str]:
    for name, address in getaddresses([header_text(mail, "From")]):
        written = read_address(address)
        if written is not None:
            return written, name.strip()[:_NAME_LENGTH_MAX]
    return None, ""


def _plus_token(mail: EmailMessage, own_address: str) -> str:
    own = customer_id(own_address)
    # One that is missing must not be among them: newer releases of Python take that for an attack, and read none.
    fields = [text for name in ("Delivered-To", "X-Original-To", "To", "Cc") if (text := header_text(mail, name))]
    for _, address in getaddresses(fields)[:_RECIPIENTS_MAX]:
        plain, token = split_plus(address)
        if token and plain == own:
            return token
    return ""


def _ids(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(text)))


def _report(mail: EmailMessage, key: str) -> Reading:
    """Read a delivery status notification (RFC 3464)."""
    parts = [part for part in mail.iter_parts() if isinstance(part, EmailMessage)]
    status = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
    if status is None:
        return Nobodys(reason="it is a report of something else than a delivery")
    named: list[str] = []
    for part in parts:
        named += _returned_ids(part)
    named += _ids(header_text(mail, "In-Reply-To")) + _ids(header_text(mail, "References"))
    return Bounce(key=key, message_ids=tuple(dict.fromkeys(named)), error=_failure(status))


def _returned_ids(part: EmailMessage) -> tuple[str, ...]:
    kind = part.get_content_type()
    if kind == "message/rfc822":
        payload = part.get_payload()
        return (
            _ids(header_text(cast("Part", payload[0]), "Message-ID")) if isinstance(payload, list) and payload else ()
        )
    if kind == "text/rfc822-headers":
        raw = part.get_payload(decode=True)
        return _ids(header_text(_parsed(raw), "Message-ID")) if isinstance(raw, bytes) else ()
    return ()


def _failure(status: EmailMessage) -> str | None:
    """What went wrong, in the words of the server that refused it; None where nothing did for good."""
    payload = status.get_payload()
    blocks: list[Part] = [block for block in payload if not isinstance(block, str)] if isinstance(payload, list) else []
    for block in blocks:
        if header_text(block, "Action").lower() == "failed":
            words = header_text(block, "Diagnostic-Code") or header_text(block, "Status")
            return (words or "the mail could not be delivered")[:_WORDS_LENGTH_MAX]
    return None
