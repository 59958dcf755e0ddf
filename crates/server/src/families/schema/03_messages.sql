-- The root of its thread; null for a root.
ALTER TABLE message ADD COLUMN thread_id INTEGER;
ALTER TABLE message ADD COLUMN reply_count INTEGER NOT NULL DEFAULT 0 CHECK (reply_count >= 0);
ALTER TABLE message ADD COLUMN last_reply_id INTEGER;
ALTER TABLE message ADD COLUMN last_reply_at INTEGER;
ALTER TABLE message ADD COLUMN mentions_everyone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN pinned_at INTEGER;
ALTER TABLE message ADD COLUMN pinned_by INTEGER REFERENCES user (id);

-- The roots of a channel, where thread_id is null, and the replies of a thread: each a range.
DROP INDEX message_by_channel;
CREATE INDEX message_by_place ON message (channel_id, thread_id, id, author_id);
CREATE INDEX message_to_everyone ON message (channel_id, thread_id, id, author_id)
    WHERE mentions_everyone = 1;
CREATE INDEX message_pinned ON message (channel_id, pinned_at) WHERE pinned_at IS NOT NULL;

-- Whom a message names. Its place is that of the message, so that counting is a range too.
CREATE TABLE mention (
    message_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES user (id),
    channel_id INTEGER NOT NULL,
    thread_id  INTEGER,
    PRIMARY KEY (message_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX mention_of_user ON mention (user_id, channel_id, thread_id, message_id);

-- Ids rise in the order in which reactions were put.
CREATE TABLE reaction (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    emoji      TEXT    NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES user (id),
    UNIQUE (message_id, emoji, user_id)
) STRICT;

-- What a message said before an edit: its revision then, and when the edit came.
CREATE TABLE former_body (
    message_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    revision   INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    edited_at  INTEGER NOT NULL,
    PRIMARY KEY (message_id, revision)
) STRICT;

-- One row for each thread that a member of its channel follows; null before anything was read.
CREATE TABLE thread_follow (
    user_id      INTEGER NOT NULL REFERENCES user (id),
    channel_id   INTEGER NOT NULL REFERENCES channel (id),
    thread_id    INTEGER NOT NULL,
    last_read_id INTEGER,
    PRIMARY KEY (user_id, channel_id, thread_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX thread_follow_by_thread ON thread_follow (channel_id, thread_id);

-- Where a message stands and whose it is, as words to be looked for together with those of its body:
-- a search asks the index for the caller's channels alone.
ALTER TABLE message ADD COLUMN scope TEXT NOT NULL
    GENERATED ALWAYS AS ('c' || channel_id || ' a' || author_id) VIRTUAL;

-- The words of every body. The bodies stay in their table, and ranks are not asked for. The words
-- with some beginning of 2 or 3 characters are one range; without that all of them are merged.
CREATE VIRTUAL TABLE message_text USING fts5 (
    body, scope, content = 'message', content_rowid = 'id', columnsize = 0, prefix = '2 3',
    tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER message_text_insert AFTER INSERT ON message BEGIN
    INSERT INTO message_text (rowid, body, scope) VALUES (new.id, new.body, new.scope);
END;

CREATE TRIGGER message_text_delete AFTER DELETE ON message BEGIN
    INSERT INTO message_text (message_text, rowid, body, scope)
    VALUES ('delete', old.id, old.body, old.scope);
END;

CREATE TRIGGER message_text_update AFTER UPDATE OF body ON message BEGIN
    INSERT INTO message_text (message_text, rowid, body, scope)
    VALUES ('delete', old.id, old.body, old.scope);
    INSERT INTO message_text (rowid, body, scope) VALUES (new.id, new.body, new.scope);
END;

INSERT INTO message_text (message_text) VALUES ('rebuild');
