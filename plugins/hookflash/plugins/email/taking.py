"""What a mail becomes: the arrivals that the engine takes.

Pure. One mail can be several: what it says, and each file that came with it. Who wrote it is the address in `From` and
nothing else: a thread may be quoted by whoever was sent a copy, so it names the mail that is answered and no person.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from hookflash.plugins.email.addresses import customer_id
from hookflash.plugins.email.bodies import Attachment
from hookflash.plugins.email.keys import MailKeys
from hookflash.plugins.email.letters import Letter
from hookflash.plugins.email.reading import Bounce, Mail
from hookflash.plugins.email.settings import EmailConfig
from hookflash.sdk import (
    Arrival,
    ChannelId,
    CustomerAddress,
    ExternalId,
    Inbound,
    Media,
    MediaKind,
    MediaRef,
    Receipt,
    ReceiptState,
    Text,
    Unsupported,
)

__all__ = ["arrivals_of", "receipt_of"]

_KINDS: Final = {"image": MediaKind.IMAGE, "audio": MediaKind.AUDIO, "video": MediaKind.VIDEO}
_MEGABYTE: Final = 1_048_576


def arrivals_of(
    mail: Mail,
    *,
    channel: ChannelId,
    settings: EmailConfig,
    keys: MailKeys,
    before: Letter | None,
    place: str,
    at: datetime,
    too_large: int | None = None,
) -> Iterator[Arrival]:
    """Give a mail's arrivals. `before` is what was known of its sender, `place` where it lies: UIDVALIDITY/UID.

    `too_large` is the size in bytes of a mail whose body was not fetched for that.
    """
    address = CustomerAddress(channel=channel, id=customer_id(mail.address), account=settings.address)
    key = ExternalId(mail.key)
    reply_to = _answered(mail, keys, before)
    if too_large is not None:
        what = f"a mail of {too_large / _MEGABYTE:.0f} MiB, larger than this channel takes: {mail.subject}"
        yield Unsupported(dedupe_key=key, address=address, what=what, at=at, external_id=key)
        return
    text = _text(mail, settings.text_length_max, is_answer=reply_to is not None)
    name = mail.name or None
    if text:
        yield Inbound(
            dedupe_key=key,
            address=address,
            content=Text(text=text),
            at=at,
            external_id=key,
            name=name,
            reply_to=reply_to,
        )
    elif not mail.attachments:
        yield Unsupported(dedupe_key=key, address=address, what="an empty mail", at=at, external_id=key)
    for attachment in mail.attachments:
        yield Inbound(
            dedupe_key=f"{key}#{attachment.number}",
            address=address,
            content=_media(attachment, place),
            at=at,
            external_id=ExternalId(f"{key}#{attachment.number}"),
            name=name,
            reply_to=reply_to,
        )


def receipt_of(bounce: Bounce, keys: MailKeys, *, at: datetime) -> Receipt | None:
    """Give the receipt that a bounce is; None where it is about no mail of ours, or about no failure."""
    if bounce.error is None:
        return None
    for message_id in bounce.message_ids:
        # Only we can make such an id, so nobody else can make our mails fail.
        delivery = keys.delivery_of(message_id)
        if delivery is not None:
            return Receipt(
                dedupe_key=bounce.key,
                state=ReceiptState.FAILED,
                at=at,
                external_id=ExternalId(message_id),
                delivery_id=delivery,
                error=bounce.error,
            )
    return None


def _answered(mail: Mail, keys: MailKeys, before: Letter | None) -> ExternalId | None:
    """Which mail of ours this one answers: the nearest that it names, else the last to the address it was sent to."""
    for message_id in reversed(mail.references):
        if keys.delivery_of(message_id) is not None:
            return ExternalId(message_id)
    if before is not None and before.sent and mail.plus_token and mail.plus_token == before.thread:
        return ExternalId(before.sent[-1])
    return None


def _text(mail: Mail, length_max: int, *, is_answer: bool) -> str:
    # Somebody's first mail often says in its subject what it is about; in an answer the subject is our own.
    text = mail.text if is_answer or not mail.subject else f"{mail.subject}\n\n{mail.text}".strip()
    if len(text) <= length_max:
        return text
    rest = f"\n(cut: the mail has {len(text)} characters)"
    return text[: max(0, length_max - len(rest))] + rest


def _media(attachment: Attachment, place: str) -> Media:
    kind = _KINDS.get(attachment.mime_type.partition("/")[0], MediaKind.FILE)
    ref = MediaRef(
        id=f"{place}/{attachment.number}", mime_type=attachment.mime_type, name=attachment.name, size=attachment.size
    )
    return Media(kind=kind, ref=ref, caption=attachment.name)
