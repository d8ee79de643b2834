"""The views' questions as SQL. Every value is a parameter; lists of conversations are put together from fixed parts."""

from collections.abc import Sequence
from typing import Final

__all__ = [
    "BEFORE",
    "INVITE",
    "IS_HISTORY",
    "LIVE_SNAPSHOTS",
    "OF_STATE",
    "PARTICIPATION",
    "POSITION_OF_KEY",
    "READABLE_BY",
    "READABLE_BY_HISTORY",
    "SNAPSHOT",
    "STREAM",
    "STREAM_LENGTH",
    "TIMELINE",
    "TIMELINE_OF",
    "TRANSCRIPT",
    "UNSETTLED_DELIVERIES",
    "VIOLATIONS",
    "WITH_AGENT",
    "conversations",
]

SNAPSHOT: Final = "SELECT state, position FROM snapshots WHERE kind = ? AND id = ?"
LIVE_SNAPSHOTS: Final = "SELECT kind, id, state, position FROM snapshots WHERE is_live ORDER BY kind, id"

TIMELINE: Final = (
    "SELECT sequence, type, payload, only_agent FROM entries"
    " WHERE conversation = ? AND sequence > ? ORDER BY sequence LIMIT ?"
)
TIMELINE_OF: Final = (
    "SELECT sequence, type, payload FROM entries WHERE conversation = :conversation AND sequence > :after"
    " AND (only_agent = :agent OR sequence <= :until AND only_agent IS NULL AND except_agent IS NOT :agent)"
    " ORDER BY sequence LIMIT :limit"
)
PARTICIPATION: Final = (
    "SELECT left_sequence FROM participations WHERE agent = ? AND conversation = ?"
    " ORDER BY joined_position DESC, joined_place DESC LIMIT 1"
)
IS_HISTORY: Final = (
    "SELECT 1 FROM conversations AS past"
    " JOIN conversations AS present ON present.channel = past.channel AND present.address = past.address"
    " JOIN participations AS his ON his.conversation = present.id"
    " WHERE past.id = ? AND past.state = 'CLOSED' AND his.agent = ? AND his.left_position IS NULL LIMIT 1"
)

TRANSCRIPT: Final = (
    "SELECT number, type, payload FROM transcript WHERE conversation = ? AND number > ? ORDER BY number LIMIT ?"
)
INVITE: Final = "SELECT invite FROM invites WHERE conversation = ? AND number = ?"
UNSETTLED_DELIVERIES: Final = (
    "SELECT conversation, delivery, channel, address, type, payload, position FROM deliveries"
    " ORDER BY position, conversation, delivery"
)
# The rule of `audience`, asked of what is kept: from the record of his joining on, up to his leaving in its record.
_HEARD: Final = (
    "SELECT entries.position, entries.place, entries.conversation, entries.type, entries.payload"
    " FROM participations AS his JOIN entries ON entries.conversation = his.conversation"
    " WHERE his.agent = :agent AND (his.left_position IS NULL OR his.left_position > :after)"
    " AND entries.position > :after AND entries.position >= his.joined_position"
    " AND (his.left_position IS NULL OR (entries.position, entries.place) <= (his.left_position, his.left_place)"
    " OR entries.position = his.left_position AND entries.only_agent = :agent)"
    " AND (entries.only_agent = :agent OR entries.only_agent IS NULL AND entries.except_agent IS NOT :agent)"
    " UNION ALL SELECT position, place, conversation, 'StaffNoticed', payload FROM toasts"
    " WHERE agent = :agent AND position > :after"
)
STREAM: Final = _HEARD + " ORDER BY 1, 2"
STREAM_LENGTH: Final = f"SELECT count(*) FROM ({_HEARD} LIMIT :limit)"  # noqa: S608  put together from constants
POSITION_OF_KEY: Final = "SELECT position FROM request_keys WHERE key = ?"
VIOLATIONS: Final = "SELECT position, relation, reason, content FROM violations ORDER BY rowid"

OF_STATE: Final = "listed.state = ?"
WITH_AGENT: Final = "listed.id IN (SELECT conversation FROM participations WHERE agent = ? AND left_position IS NULL)"
READABLE_BY: Final = "listed.id IN (SELECT conversation FROM participations WHERE agent = ?)"
READABLE_BY_HISTORY: Final = (
    "listed.id IN (SELECT conversation FROM participations WHERE agent = ? UNION ALL"
    " SELECT past.id FROM participations AS his JOIN conversations AS present ON present.id = his.conversation"
    " JOIN conversations AS past ON past.channel = present.channel AND past.address = present.address"
    " WHERE his.agent = ? AND his.left_position IS NULL AND past.state = 'CLOSED')"
)
BEFORE: Final = "(listed.opened_us, listed.id) < (?, ?)"


def conversations(clauses: Sequence[str]) -> str:
    """The list of conversations for which all the clauses hold, newest first; the last parameter is the limit."""
    parts = [
        "SELECT snapshots.state, snapshots.position FROM conversations AS listed",
        # Never the other way round: a CROSS JOIN keeps the order in which SQLite goes through its tables.
        "CROSS JOIN snapshots ON snapshots.kind = 'conversations' AND snapshots.id = listed.id",
    ]
    if clauses:
        parts += ["WHERE", " AND ".join(clauses)]
    return " ".join((*parts, "ORDER BY listed.opened_us DESC, listed.id DESC LIMIT ?"))


ALL_KEYS: Final = "SELECT key FROM request_keys"
