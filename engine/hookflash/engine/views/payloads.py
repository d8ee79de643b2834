"""Events and invites as they lie in the views' rows: the newest version only, since a changed layout means a new file.

The journal's codec has the versions; this is its payload without them.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, cast

import msgspec

from hookflash.engine.domain.events import CustomerNoticed, MessageSent, TimelineEvent
from hookflash.engine.domain.values import Invite
from hookflash.engine.journal.codec import EVENTS, plain

__all__ = ["decode_entry", "decode_invite", "decode_outgoing", "encode_payload"]

encode_payload: Callable[[object], bytes] = msgspec.msgpack.Encoder(enc_hook=plain).encode
"""An event or an invite as bytes."""

decode_invite: Callable[[bytes], Invite] = msgspec.msgpack.Decoder(Invite).decode
"""The invite in those bytes."""


def decode_entry(name: str, payload: bytes) -> TimelineEvent:
    """The timeline's entry of the type named."""
    return cast("TimelineEvent", _decoder(name)(payload))


def decode_outgoing(name: str, payload: bytes) -> MessageSent | CustomerNoticed:
    """The transcript's entry of the type named; those that go out are of the same two types."""
    return cast("MessageSent | CustomerNoticed", _decoder(name)(payload))


@cache
def _decoder(name: str) -> Callable[[bytes], Any]:
    return msgspec.msgpack.Decoder(EVENTS[name]).decode
