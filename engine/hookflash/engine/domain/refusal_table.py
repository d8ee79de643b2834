"""The one table of refusals: every reason word, the status code it answers with, and what a refusal carries.

A reason is a stable word that clients branch on; words are added here and never changed. What each one says is in
`refusals.py`. Nothing but these words and those sentences ever reaches a caller.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

__all__ = ["CODES", "NEXT_REASONS", "Code", "Reason", "Refusal", "shown"]


class Reason(StrEnum):
    """Why something was refused (domain section 7)."""

    NOT_AUTHENTICATED = "NOT_AUTHENTICATED"
    IDENTITY_MISMATCH = "IDENTITY_MISMATCH"
    NOT_A_PARTICIPANT = "NOT_A_PARTICIPANT"
    ROLE_NOT_ALLOWED = "ROLE_NOT_ALLOWED"
    DENIED_BY_POLICY = "DENIED_BY_POLICY"
    NOTE_TOO_LONG = "NOTE_TOO_LONG"
    MESSAGE_TOO_LONG = "MESSAGE_TOO_LONG"
    EMPTY_MESSAGE = "EMPTY_MESSAGE"
    TEXT_BLOCKED = "TEXT_BLOCKED"
    BAD_ID = "BAD_ID"
    BAD_FIELD = "BAD_FIELD"
    INVALID_SETTING = "INVALID_SETTING"
    CONVERSATION_NOT_FOUND = "CONVERSATION_NOT_FOUND"
    QUEUE_NOT_FOUND = "QUEUE_NOT_FOUND"
    AGENT_NOT_FOUND = "AGENT_NOT_FOUND"
    INVITE_NOT_FOUND = "INVITE_NOT_FOUND"
    OFFER_NOT_FOUND = "OFFER_NOT_FOUND"
    CHANNEL_NOT_FOUND = "CHANNEL_NOT_FOUND"
    DELIVERY_NOT_FOUND = "DELIVERY_NOT_FOUND"
    TOKEN_NOT_FOUND = "TOKEN_NOT_FOUND"  # noqa: S105 - a reason word, no secret
    CONVERSATION_EXISTS = "CONVERSATION_EXISTS"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    CONVERSATION_CLOSED = "CONVERSATION_CLOSED"
    CONVERSATION_NOT_ACTIVE = "CONVERSATION_NOT_ACTIVE"
    CONVERSATION_ATTENDED = "CONVERSATION_ATTENDED"
    INVITE_PENDING = "INVITE_PENDING"
    INVITE_CLOSED = "INVITE_CLOSED"
    OFFER_CLOSED = "OFFER_CLOSED"
    TARGET_IS_REQUESTER = "TARGET_IS_REQUESTER"
    TARGET_ALREADY_PARTICIPANT = "TARGET_ALREADY_PARTICIPANT"
    TARGET_NOT_AVAILABLE = "TARGET_NOT_AVAILABLE"
    MEDIA_DOMAIN_MISMATCH = "MEDIA_DOMAIN_MISMATCH"
    CONFERENCE_FULL = "CONFERENCE_FULL"
    TRANSFER_LIMIT_REACHED = "TRANSFER_LIMIT_REACHED"
    NO_OTHER_AGENT = "NO_OTHER_AGENT"
    AGENT_LOGGED_OUT = "AGENT_LOGGED_OUT"
    QUEUE_IN_USE = "QUEUE_IN_USE"
    ATTRIBUTE_IN_USE = "ATTRIBUTE_IN_USE"
    AGENT_IN_USE = "AGENT_IN_USE"
    CHANNEL_IN_USE = "CHANNEL_IN_USE"
    CONSULT_ACTIVE = "CONSULT_ACTIVE"
    NO_CONSULT = "NO_CONSULT"
    MONITOR_PRESENT = "MONITOR_PRESENT"
    CAPACITY_REACHED = "CAPACITY_REACHED"
    CONTENT_NOT_SUPPORTED = "CONTENT_NOT_SUPPORTED"
    WINDOW_CLOSED = "WINDOW_CLOSED"
    QUEUE_FULL = "QUEUE_FULL"
    MAILBOX_FULL = "MAILBOX_FULL"
    RATE_LIMITED = "RATE_LIMITED"
    SLOW_CONSUMER = "SLOW_CONSUMER"
    JOURNAL_TOO_LONG = "JOURNAL_TOO_LONG"
    POSITION_GONE = "POSITION_GONE"
    ETAG_MISMATCH = "ETAG_MISMATCH"
    TAKEN_OVER = "TAKEN_OVER"
    DRAINING = "DRAINING"
    JOURNAL_UNAVAILABLE = "JOURNAL_UNAVAILABLE"
    PLUGIN_UNAVAILABLE = "PLUGIN_UNAVAILABLE"
    INTERNAL = "INTERNAL"


class Code(StrEnum):
    """The gRPC status names that refusals answer with; the server alone turns them into grpc's own."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"
    UNAUTHENTICATED = "UNAUTHENTICATED"


_REASONS_OF_CODES: Mapping[Code, str] = {
    Code.UNAUTHENTICATED: "NOT_AUTHENTICATED",
    Code.PERMISSION_DENIED: "IDENTITY_MISMATCH NOT_A_PARTICIPANT ROLE_NOT_ALLOWED DENIED_BY_POLICY",
    Code.INVALID_ARGUMENT: (
        "NOTE_TOO_LONG MESSAGE_TOO_LONG EMPTY_MESSAGE TEXT_BLOCKED BAD_ID BAD_FIELD INVALID_SETTING REQUEST_ID_REUSED"
    ),
    Code.NOT_FOUND: (
        "CONVERSATION_NOT_FOUND QUEUE_NOT_FOUND AGENT_NOT_FOUND INVITE_NOT_FOUND OFFER_NOT_FOUND CHANNEL_NOT_FOUND"
        " DELIVERY_NOT_FOUND TOKEN_NOT_FOUND"
    ),
    Code.ALREADY_EXISTS: "CONVERSATION_EXISTS",
    Code.FAILED_PRECONDITION: (
        "CONVERSATION_CLOSED CONVERSATION_NOT_ACTIVE CONVERSATION_ATTENDED INVITE_PENDING INVITE_CLOSED OFFER_CLOSED"
        " TARGET_IS_REQUESTER TARGET_ALREADY_PARTICIPANT TARGET_NOT_AVAILABLE MEDIA_DOMAIN_MISMATCH CONFERENCE_FULL"
        " TRANSFER_LIMIT_REACHED NO_OTHER_AGENT AGENT_LOGGED_OUT QUEUE_IN_USE ATTRIBUTE_IN_USE AGENT_IN_USE"
        " CHANNEL_IN_USE CONTENT_NOT_SUPPORTED WINDOW_CLOSED CONSULT_ACTIVE NO_CONSULT MONITOR_PRESENT CAPACITY_REACHED"
    ),
    Code.RESOURCE_EXHAUSTED: "QUEUE_FULL MAILBOX_FULL RATE_LIMITED SLOW_CONSUMER",
    Code.OUT_OF_RANGE: "POSITION_GONE JOURNAL_TOO_LONG",
    Code.ABORTED: "ETAG_MISMATCH TAKEN_OVER",
    Code.UNAVAILABLE: "DRAINING JOURNAL_UNAVAILABLE PLUGIN_UNAVAILABLE",
    Code.INTERNAL: "INTERNAL",
}

CODES: Mapping[Reason, Code] = MappingProxyType(
    {Reason(word): code for code, words in _REASONS_OF_CODES.items() for word in words.split()}
)

NEXT_REASONS = frozenset({Reason.CONSULT_ACTIVE, Reason.NO_CONSULT, Reason.MONITOR_PRESENT, Reason.CAPACITY_REACHED})
"""Reasons of behaviour that this version does not have; they have a code already, and no sentence yet."""

_SHOWN_LENGTH_MAX = 80


def shown(value: str) -> str:
    """Return an id or name fit for a sentence: one line, printable, and cut where it is longer than any real one."""
    line = "".join(character if character.isprintable() else "?" for character in value[: _SHOWN_LENGTH_MAX + 1])
    return line if len(line) <= _SHOWN_LENGTH_MAX else f"{line[: _SHOWN_LENGTH_MAX - 3]}..."


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A command was refused: nothing changed and nothing was sent.

    `sentence` says what is wrong and what to do instead; it never holds the text of a message, whisper or note, nor a
    secret. `field` is the request's bad field, `metadata` what a program may want to read of it, `retry_after_s` the
    seconds after which a retry can help, where one can.
    """

    reason: ClassVar[Reason]

    def __init__(
        self,
        sentence: str,
        *,
        field: str | None = None,
        metadata: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """Take what the subclass of one reason has to say."""
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
        self.metadata: Mapping[str, str] = MappingProxyType(
            {name: shown(value) for name, value in (metadata or {}).items()}
        )
        self.retry_after_s = retry_after_s

    @property
    def code(self) -> Code:
        """The one status code of this reason."""
        return CODES[self.reason]
