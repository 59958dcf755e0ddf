ALTER TABLE user ADD COLUMN external_id TEXT;
ALTER TABLE user ADD COLUMN deactivated_at INTEGER;
CREATE UNIQUE INDEX user_by_external_id ON user (external_id) WHERE external_id IS NOT NULL;

-- A JSON object; a user without a row has an empty one, revision 1.
CREATE TABLE preferences (
    user_id  INTEGER PRIMARY KEY REFERENCES user (id),
    object   TEXT    NOT NULL,
    revision INTEGER NOT NULL
) STRICT;

ALTER TABLE workspace ADD COLUMN deleted_at INTEGER;
CREATE INDEX workspace_deleted ON workspace (id) WHERE deleted_at IS NOT NULL;

-- What a role may do where the workspace has decided: names with spaces between.
CREATE TABLE role_permissions (
    workspace_id INTEGER NOT NULL REFERENCES workspace (id),
    role         TEXT    NOT NULL,
    permissions  TEXT    NOT NULL,
    PRIMARY KEY (workspace_id, role)
) STRICT, WITHOUT ROWID;

-- What is deleted is seen by nobody and goes slice by slice.
ALTER TABLE channel ADD COLUMN archived_at INTEGER;
ALTER TABLE channel ADD COLUMN deleted_at INTEGER;
CREATE INDEX channel_deleted ON channel (id) WHERE deleted_at IS NOT NULL;

CREATE INDEX read_cursor_by_channel ON read_cursor (channel_id);

-- A membership without a row is as it began: not muted, told of everything.
CREATE TABLE notify (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    user_id    INTEGER NOT NULL REFERENCES user (id),
    muted      INTEGER NOT NULL,
    level      TEXT    NOT NULL CHECK (level IN ('all', 'mentions', 'none')),
    PRIMARY KEY (channel_id, user_id)
) STRICT, WITHOUT ROWID;

-- Who was in a channel when it was archived, and what goes with a membership.
CREATE TABLE archived_member (
    channel_id   INTEGER NOT NULL REFERENCES channel (id),
    user_id      INTEGER NOT NULL REFERENCES user (id),
    last_read_id INTEGER,
    muted        INTEGER NOT NULL,
    level        TEXT    NOT NULL,
    PRIMARY KEY (channel_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX archived_member_by_user ON archived_member (user_id);
