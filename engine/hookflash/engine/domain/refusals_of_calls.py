"""Refusals that any call can meet: who calls, the engine's limits, the form of what was sent, and faults.

Import them from `refusals.py`. A value that was sent is described here and never repeated: it may be a customer's
address, or a secret that went into the wrong field.
"""

from hookflash.engine.domain.refusal_table import Reason, Refusal, shown

_ID_LENGTH_MAX = 63
_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")


class NotAuthenticated(Refusal):
    """There is no valid credential."""

    reason = Reason.NOT_AUTHENTICATED

    def __init__(self) -> None:
        """Say nothing of why: that would help whoever guesses tokens."""
        super().__init__(
            "No valid token came with the call; send `authorization: Bearer TOKEN` with one that is not expired."
        )


class IdentityMismatch(Refusal):
    """An AGENT names somebody else as the acting agent, or answers another's offer."""

    reason = Reason.IDENTITY_MISMATCH

    def __init__(self, subject: str, agent: str) -> None:
        """Take the caller's own subject and the agent it named."""
        super().__init__(
            f"{shown(subject)} may not act for {shown(agent)}; leave `agent` empty to act for yourself.",
            metadata={"subject": subject, "agent": agent},
        )


class RoleNotAllowed(Refusal):
    """The role of the principal, or of the participant, may not do this (R-G12)."""

    reason = Reason.ROLE_NOT_ALLOWED

    def __init__(self, role: str, action: str) -> None:
        """Take the role and what it wanted to do, as words that follow "may not"."""
        super().__init__(
            f"{shown(role)} may not {shown(action)}; ask somebody in a role that may.",
            metadata={"role": role, "action": action},
        )


class DeniedByPolicy(Refusal):
    """A plugin's `deny` said no."""

    reason = Reason.DENIED_BY_POLICY

    def __init__(self, plugin: str, why: str = "") -> None:
        """Take the plugin's name, and its reason, which is for the audit log and not for the caller."""
        self.plugin, self.why = plugin, why
        super().__init__(
            f"The policy {shown(plugin)} does not allow this; ask whoever looks after that policy.",
            metadata={"plugin": plugin},
        )


class NoteTooLong(Refusal):
    """A note has more characters than a note may have (D-12)."""

    reason = Reason.NOTE_TOO_LONG

    def __init__(self, length: int, limit: int) -> None:
        """Take both as code points."""
        super().__init__(
            f"The note has {length:,} characters and may have {limit:,}; shorten it, or send the rest as a whisper.",
            field="note",
            metadata={"length": str(length), "limit": str(limit)},
        )


class MessageTooLong(Refusal):
    """A message or whisper has more characters than it may have."""

    reason = Reason.MESSAGE_TOO_LONG

    def __init__(self, length: int, limit: int) -> None:
        """Take both as code points."""
        super().__init__(
            f"The text has {length:,} characters and may have {limit:,}; send it in several parts.",
            field="text",
            metadata={"length": str(length), "limit": str(limit)},
        )


class EmptyMessage(Refusal):
    """A message or whisper with nothing but white space."""

    reason = Reason.EMPTY_MESSAGE

    def __init__(self) -> None:
        """Need no facts."""
        super().__init__("The text is empty; write something before sending it.", field="text")


class TextBlocked(Refusal):
    """A text filter said no."""

    reason = Reason.TEXT_BLOCKED

    def __init__(self, field: str = "text", why: str = "") -> None:
        """Take the field whose text was blocked, and the filter's reason; the text itself is not repeated."""
        because = f": {shown(why)}" if why else ""
        super().__init__(f"A text filter does not let this text pass{because}; word it differently.", field=field)


class BadId(Refusal):
    """A malformed id or address."""

    reason = Reason.BAD_ID

    def __init__(self, field: str, value: str, why: str | None = None) -> None:
        """Take the field, what was in it, and why it is wrong where another rule than that of ids holds."""
        super().__init__(f"`{field}` {why or _fault_of_id(value)}.", field=field)


def _fault_of_id(value: str) -> str:
    rule = f"1 to {_ID_LENGTH_MAX} of a-z, 0-9, `.`, `_` and `-` are allowed, the first a letter or digit"
    if not value:
        return f"is empty; {rule}"
    if len(value) > _ID_LENGTH_MAX:
        return f"has {len(value):,} characters; {rule}"
    for place, character in enumerate(value, start=1):
        if character not in _ID_CHARACTERS or (place == 1 and character in "._-"):
            return f"has U+{ord(character):04X} as character {place}; {rule}"
    return f"is no id here; {rule}"


class BadField(Refusal):
    """A required field is missing, an enum value unknown, a filter or page token bad."""

    reason = Reason.BAD_FIELD

    def __init__(self, field: str, why: str) -> None:
        """Take the field, and why it is refused as words that follow its name: "is required"."""
        super().__init__(f"`{field}` {why}.", field=field)


class InvalidSetting(Refusal):
    """A queue, step, expression, attribute, channel, priority or duration is out of range or unknown."""

    reason = Reason.INVALID_SETTING

    def __init__(self, field: str, why: str) -> None:
        """Take the field, and why it is refused as words that follow its name: "must be 1 to 10"."""
        super().__init__(f"`{field}` {why}.", field=field)


class RequestIdReused(Refusal):
    """The same request_id came with other content (R-G8)."""

    reason = Reason.REQUEST_ID_REUSED

    def __init__(self, request_id: str) -> None:
        """Take the id that was used before."""
        super().__init__(
            f"request_id {shown(request_id)} was used for another command; give each new command an id of its own.",
            field="request_id",
            metadata={"request_id": request_id},
        )


class MailboxFull(Refusal):
    """The engine is overloaded where this command would go."""

    reason = Reason.MAILBOX_FULL

    def __init__(self, retry_after_s: float = 1.0) -> None:
        """Take the seconds after which it is worth trying again."""
        super().__init__(
            "Too many commands wait here already; nothing was done, try again shortly.", retry_after_s=retry_after_s
        )


class RateLimited(Refusal):
    """The caller's own limit of calls or streams is reached."""

    reason = Reason.RATE_LIMITED

    def __init__(self, retry_after_s: float) -> None:
        """Take the seconds after which the next call will be let in."""
        super().__init__(
            f"You call more often, or hold more streams, than you may; try again in {retry_after_s:g} s.",
            retry_after_s=retry_after_s,
        )


class SlowConsumer(Refusal):
    """A stream's reader fell behind; the stream ended and can be resumed."""

    reason = Reason.SLOW_CONSUMER

    def __init__(self, position: int) -> None:
        """Take the last position that the reader was sent."""
        super().__init__(
            f"The stream was read too slowly and has ended; open it again after position {position}.",
            metadata={"position": str(position)},
            retry_after_s=0.0,
        )


class JournalTooLong(Refusal):
    """What was asked for lies so far into the journal that reading up to it would take too long."""

    reason = Reason.JOURNAL_TOO_LONG

    def __init__(self, records: int, limit: int) -> None:
        """Take how many records would have to be read, at the least, and how many may be."""
        super().__init__(
            f"Reading up to there takes {records:,} records of the journal and may take {limit:,}; raise"
            " `explain_records_max`, or ask a server that runs on a copy with a higher one.",
            metadata={"records": str(records), "limit": str(limit)},
        )


class PositionGone(Refusal):
    """A position that the journal no longer has, or never had."""

    reason = Reason.POSITION_GONE

    def __init__(self, position: int) -> None:
        """Take the position that was asked for."""
        super().__init__(
            f"The journal does not have position {position}; read from the start, or from a position you were given.",
            metadata={"position": str(position)},
        )


class EtagMismatch(Refusal):
    """The given etag is stale."""

    reason = Reason.ETAG_MISMATCH

    def __init__(self, given: str, current: str) -> None:
        """Take the etag that was sent and the one that holds."""
        super().__init__(
            f"It changed since etag {shown(given)}; read it again, decide anew and send etag {shown(current)}.",
            metadata={"given": given, "current": current},
        )


class TakenOver(Refusal):
    """A newer stream of the same agent or channel replaced this one."""

    reason = Reason.TAKEN_OVER

    def __init__(self, what: str) -> None:
        """Take the name of the agent or channel whose stream it is."""
        super().__init__(
            f"A newer stream of {shown(what)} has taken over from this one; open it again only to take over in turn.",
            metadata={"name": what},
        )


class Draining(Refusal):
    """The engine stops or hands over and takes no new work."""

    reason = Reason.DRAINING

    def __init__(self, retry_after_s: float = 5.0) -> None:
        """Take the seconds after which another engine should be there."""
        super().__init__(
            "The engine is stopping and takes no new work; nothing was done, try again shortly.",
            retry_after_s=retry_after_s,
        )


class JournalUnavailable(Refusal):
    """The disk is full, read-only or failed, and nothing was accepted."""

    reason = Reason.JOURNAL_UNAVAILABLE

    def __init__(self, why: str, retry_after_s: float = 5.0) -> None:
        """Take why, as words that follow "cannot be written:"; no path and nothing of what was to be written."""
        super().__init__(
            f"The journal cannot be written: {shown(why)}; nothing was done, try again once that is repaired.",
            retry_after_s=retry_after_s,
        )


class PluginUnavailable(Refusal):
    """A plugin in a process of its own has to say whether it can use what is applied, and gives no answer now."""

    reason = Reason.PLUGIN_UNAVAILABLE

    def __init__(self, field: str, plugin: str, retry_after_s: float = 1.0) -> None:
        """Take what it cannot be asked about, and the plugin's name."""
        super().__init__(
            f"{field} has to be checked by the plugin {shown(plugin)}, whose process gives no answer now: nothing was"
            " applied. Try again; events of the type PluginFault say what is wrong with it.",
            field=field,
            metadata={"plugin": plugin},
            retry_after_s=retry_after_s,
        )


class Internal(Refusal):
    """A defect of the engine; what happened is in its log and nowhere else."""

    reason = Reason.INTERNAL

    def __init__(self, error_id: str) -> None:
        """Take the id under which the log tells what happened."""
        super().__init__(
            f"Something is broken in the engine; report error id {shown(error_id)}, its log tells the rest under it.",
            metadata={"error_id": error_id},
        )
