CREATE TABLE user (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT    NOT NULL UNIQUE,
    display_name  TEXT    NOT NULL,
    administrator INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    revision      INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE workspace (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT    NOT NULL,
    owner_id INTEGER NOT NULL REFERENCES user (id),
    revision INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE channel (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL REFERENCES workspace (id),
    kind         TEXT    NOT NULL CHECK (kind IN ('public', 'private', 'dm')),
    name         TEXT    NOT NULL,
    topic        TEXT    NOT NULL DEFAULT '',
    -- Of a dm, the ids of its people in rising order, so that a second one is not made.
    peers        TEXT,
    revision     INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX channel_by_workspace ON channel (workspace_id, id);
CREATE UNIQUE INDEX dm_by_peers ON channel (workspace_id, peers) WHERE peers IS NOT NULL;

CREATE TABLE message (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    author_id  INTEGER NOT NULL REFERENCES user (id),
    body       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    edited_at  INTEGER,
    revision   INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX message_by_channel ON message (channel_id, id, author_id);
CREATE INDEX message_by_author ON message (author_id, channel_id);

-- One row for each membership of a channel; null before anything was read.
CREATE TABLE read_cursor (
    user_id      INTEGER NOT NULL REFERENCES user (id),
    channel_id   INTEGER NOT NULL REFERENCES channel (id),
    last_read_id INTEGER,
    PRIMARY KEY (user_id, channel_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE status (
    user_id    INTEGER PRIMARY KEY REFERENCES user (id),
    text       TEXT    NOT NULL,
    emoji      TEXT,
    expires_at INTEGER
) STRICT;

CREATE INDEX status_by_end ON status (expires_at) WHERE expires_at IS NOT NULL;

-- Who is a member at this moment; the kinds are those of the store's membership table.
CREATE VIEW workspace_member AS
    SELECT scope_id AS workspace_id, user_id, role FROM membership
    WHERE kind = 1 AND to_pos = 9223372036854775807;

CREATE VIEW channel_member AS
    SELECT scope_id AS channel_id, user_id FROM membership
    WHERE kind = 2 AND to_pos = 9223372036854775807;
