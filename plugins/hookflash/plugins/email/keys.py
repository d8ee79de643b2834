"""Names of our own mails: each says which Delivery it is, and nobody else can make one.

A Message-ID is a function of the Delivery's id and a key of this channel, so a mail sent again has the same one, and an
answer or a bounce that names it is known without looking anything up.
"""

import hashlib
import hmac
import re
from base64 import b32decode, b32encode
from typing import Final, final

from hookflash.sdk import ConversationId, DeliveryId, Secret

__all__ = ["MailKeys"]

_MAC_LENGTH: Final = 26
_OURS: Final = re.compile(rf"<hf\.(?P<delivery>[a-z2-7]{{1,800}})\.(?P<mac>[a-z2-7]{{{_MAC_LENGTH}}})@[^@<>\s]+>")


@final
class MailKeys:
    """Makes and reads the names of one channel's mails."""

    def __init__(self, key: Secret, domain: str) -> None:
        """`domain` is that of our own address."""
        self._key = key
        self._domain = domain

    def message_id(self, delivery: DeliveryId) -> str:
        """The Message-ID of a Delivery's mail, with its angle brackets."""
        return f"<hf.{_word(delivery.encode())}.{self._mac('mail', delivery)}@{self._domain}>"

    def delivery_of(self, message_id: str) -> DeliveryId | None:
        """The Delivery that a Message-ID of ours names; None for anybody else's."""
        # Mail servers change the case of what they return.
        found = _OURS.fullmatch(message_id.lower())
        if found is None:
            return None
        word = found["delivery"].upper()
        try:
            delivery = DeliveryId(b32decode(word + "=" * (-len(word) % 8)).decode())
        except ValueError:
            return None
        is_ours = hmac.compare_digest(found["mac"], self._mac("mail", delivery))
        return delivery if is_ours else None

    def thread_token(self, conversation: ConversationId) -> str:
        """What stands behind the plus of the address that an answer goes to."""
        return f"hf{self._mac('thread', conversation)}"

    def _mac(self, use: str, of: str) -> str:
        digest = hmac.new(self._key.reveal().encode(), f"{use}\0{of}".encode(), hashlib.sha256).digest()
        return _word(digest)[:_MAC_LENGTH]


def _word(raw: bytes) -> str:
    return b32encode(raw).decode("ascii").rstrip("=").lower()
