"""The tables of the views, and the mark by which a file of another release is known.

Nothing here is ever migrated: a file of another layout is made anew from the journal.
"""

import re
from hashlib import sha256
from typing import Final

from hookflash.engine.domain.states import STATES
from hookflash.engine.domain.values import Invite
from hookflash.engine.journal.codec import EVENTS
from hookflash.engine.journal.state_codec import fingerprint

__all__ = ["APPLICATION_ID", "SCHEMA", "STREAM_ENTRIES_KEPT", "TABLES", "layout"]

APPLICATION_ID: Final = 0x48465657
"""`HFVW` in the file's header."""

STREAM_ENTRIES_KEPT: Final = 1_000
"""The entries per agent that a desk which comes back can be given."""

_SQL: Final = """
CREATE TABLE progress (watermark INTEGER NOT NULL, at REAL NOT NULL, layout BLOB NOT NULL);

-- What recovery starts from. No fence here: a snapshot is always the latest one.
CREATE TABLE snapshots (
    kind TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, is_live INTEGER NOT NULL, state BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX snapshots_live ON snapshots (kind, id) WHERE is_live;

-- The list of conversations, of which at most one is open for each customer of a channel (R-G10).
CREATE TABLE conversations (
    id TEXT NOT NULL PRIMARY KEY, opened_us INTEGER NOT NULL, state TEXT NOT NULL, is_open INTEGER NOT NULL,
    channel TEXT NOT NULL, address TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX conversations_open ON conversations (channel, address) WHERE is_open;
CREATE INDEX conversations_address ON conversations (channel, address);
CREATE INDEX conversations_newest ON conversations (opened_us, id);
CREATE INDEX conversations_state ON conversations (state, opened_us, id);

-- Every invite at its last state, and at most one of a conversation is open.
CREATE TABLE invites (
    conversation TEXT NOT NULL, number INTEGER NOT NULL, is_open INTEGER NOT NULL, invite BLOB NOT NULL,
    PRIMARY KEY (conversation, number)
) WITHOUT ROWID;
CREATE UNIQUE INDEX invites_open ON invites (conversation) WHERE is_open;

-- Who was in which conversation, from where to where; what is after the joining is null while he is in.
CREATE TABLE participations (
    agent TEXT NOT NULL, conversation TEXT NOT NULL, joined_position INTEGER NOT NULL, joined_place INTEGER NOT NULL,
    left_position INTEGER, left_place INTEGER, left_sequence INTEGER,
    PRIMARY KEY (agent, conversation, joined_position, joined_place)
) WITHOUT ROWID;
CREATE INDEX participations_left ON participations (agent, left_position);

-- An entry is the event at a place in the record at a position.
CREATE TABLE entries (
    conversation TEXT NOT NULL, sequence INTEGER NOT NULL, position INTEGER NOT NULL, place INTEGER NOT NULL,
    only_agent TEXT, except_agent TEXT, type TEXT NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (conversation, sequence)
) WITHOUT ROWID;

-- Toasts are no entries, but a desk that comes back gets them.
CREATE TABLE toasts (
    agent TEXT NOT NULL, position INTEGER NOT NULL, place INTEGER NOT NULL, conversation TEXT NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (agent, position, place)
) WITHOUT ROWID;

-- The customer's side has a table of its own, so that no forgotten condition can show him a whisper.
CREATE TABLE transcript (
    conversation TEXT NOT NULL, number INTEGER NOT NULL, type TEXT NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (conversation, number)
) WITHOUT ROWID;

-- What is on its way out: a row comes with the event and goes when it is settled.
CREATE TABLE deliveries (
    conversation TEXT NOT NULL, delivery INTEGER NOT NULL, position INTEGER NOT NULL,
    channel TEXT NOT NULL, address TEXT NOT NULL, type TEXT NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (conversation, delivery)
) WITHOUT ROWID;

CREATE TABLE request_keys (
    key TEXT NOT NULL PRIMARY KEY, position INTEGER NOT NULL, day INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX request_keys_day ON request_keys (day);

CREATE TABLE violations (position INTEGER NOT NULL, relation TEXT NOT NULL, reason TEXT NOT NULL, content TEXT NOT NULL)
"""

SCHEMA: Final = tuple(statement.strip() for statement in _SQL.split(";\n"))
"""The statements that make an empty file."""

TABLES: Final = tuple(re.findall(r"^CREATE TABLE (\w+)", _SQL, re.MULTILINE))
"""The names of all tables."""


def layout() -> bytes:
    """A digest of everything that gives the file its form: tables, states and events, however deep."""
    digest = sha256("\n".join(SCHEMA).encode())
    for cls in (*EVENTS.values(), *STATES.values(), Invite):
        digest.update(fingerprint(cls))
    return digest.digest()
