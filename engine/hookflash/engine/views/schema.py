"""The tables of the views, and the mark by which a file of another release is known.

Nothing here is ever migrated: a file of another layout is made anew from the journal.
"""

from hashlib import sha256
from typing import Final

from hookflash.engine.domain.states import STATES
from hookflash.engine.domain.values import Invite
from hookflash.engine.journal.codec import EVENTS
from hookflash.engine.journal.state_codec import fingerprint

__all__ = ["APPLICATION_ID", "SCHEMA", "STREAM_ENTRIES_KEPT", "STREAM_SLOTS", "TABLES", "layout"]

APPLICATION_ID: Final = 0x48465657
"""`HFVW` in the file's header."""

STREAM_ENTRIES_KEPT: Final = 1_000
"""The entries per agent from which a desk can resume."""

STREAM_SLOTS: Final = STREAM_ENTRIES_KEPT + 1
"""An agent's entries are a ring; the one entry more says how far back it reaches."""

SCHEMA: Final = (
    "CREATE TABLE progress (watermark INTEGER NOT NULL, at REAL NOT NULL, layout BLOB NOT NULL)",
    # What recovery starts from. No fence here: a snapshot is always the latest one.
    "CREATE TABLE snapshots (kind TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL,"
    " is_live INTEGER NOT NULL, state BLOB NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID",
    "CREATE INDEX snapshots_live ON snapshots (kind, id) WHERE is_live",
    # The list of conversations; one open at most for each customer of a channel (R-G10).
    "CREATE TABLE conversations (id TEXT PRIMARY KEY, opened_at REAL NOT NULL, state TEXT NOT NULL,"
    " is_open INTEGER NOT NULL, channel TEXT NOT NULL, address TEXT NOT NULL) WITHOUT ROWID",
    "CREATE UNIQUE INDEX conversations_open ON conversations (channel, address) WHERE is_open",
    "CREATE INDEX conversations_address ON conversations (channel, address)",
    "CREATE INDEX conversations_newest ON conversations (opened_at, id)",
    "CREATE INDEX conversations_state ON conversations (state, opened_at, id)",
    "CREATE TABLE invites (conversation TEXT NOT NULL, number INTEGER NOT NULL, is_open INTEGER NOT NULL,"
    " invite BLOB NOT NULL, PRIMARY KEY (conversation, number)) WITHOUT ROWID",
    "CREATE UNIQUE INDEX invites_open ON invites (conversation) WHERE is_open",
    # Who was in which conversation; `left_sequence` is null while he is in.
    "CREATE TABLE participations (agent TEXT NOT NULL, conversation TEXT NOT NULL, left_sequence INTEGER,"
    " PRIMARY KEY (agent, conversation)) WITHOUT ROWID",
    "CREATE INDEX participations_present ON participations (agent, conversation) WHERE left_sequence IS NULL",
    "CREATE TABLE entries (conversation TEXT NOT NULL, sequence INTEGER NOT NULL, only_agent TEXT, except_agent TEXT,"
    " type TEXT NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (conversation, sequence)) WITHOUT ROWID",
    "CREATE TABLE transcript (conversation TEXT NOT NULL, number INTEGER NOT NULL, type TEXT NOT NULL,"
    " payload BLOB NOT NULL, PRIMARY KEY (conversation, number)) WITHOUT ROWID",
    # What is on its way out: rows come with the event and go when it is settled.
    "CREATE TABLE deliveries (conversation TEXT NOT NULL, delivery INTEGER NOT NULL, position INTEGER NOT NULL,"
    " channel TEXT NOT NULL, address TEXT NOT NULL, type TEXT NOT NULL, payload BLOB NOT NULL,"
    " PRIMARY KEY (conversation, delivery)) WITHOUT ROWID",
    # A timeline entry is named by its sequence, a toast, which is none, holds its event itself.
    "CREATE TABLE stream (agent TEXT NOT NULL, slot INTEGER NOT NULL, serial INTEGER NOT NULL,"
    " position INTEGER NOT NULL, place INTEGER NOT NULL, conversation TEXT NOT NULL, sequence INTEGER,"
    " type TEXT, payload BLOB, PRIMARY KEY (agent, slot)) WITHOUT ROWID",
    "CREATE TABLE request_keys (key TEXT PRIMARY KEY, position INTEGER NOT NULL, day INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX request_keys_day ON request_keys (day)",
    "CREATE TABLE violations (position INTEGER NOT NULL, relation TEXT NOT NULL, reason TEXT NOT NULL,"
    " content TEXT NOT NULL)",
)
"""The statements that make an empty file."""

TABLES: Final = tuple(statement.split()[2] for statement in SCHEMA if statement.startswith("CREATE TABLE"))
"""The names of all tables."""


def layout() -> bytes:
    """A digest of everything that gives the file its form: tables, states and events, however deep."""
    digest = sha256("\n".join(SCHEMA).encode())
    for cls in (*EVENTS.values(), *STATES.values(), Invite):
        digest.update(fingerprint(cls))
    return digest.digest()
