CREATE TABLE canvas (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    title      TEXT    NOT NULL,
    -- A JSON object.
    content    TEXT    NOT NULL,
    created_by INTEGER NOT NULL REFERENCES user (id),
    created_at INTEGER NOT NULL,
    updated_by INTEGER NOT NULL REFERENCES user (id),
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    revision   INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX canvas_by_channel ON canvas (channel_id, id);

-- The newest titles and contents of each canvas, the current ones included.
CREATE TABLE canvas_revision (
    canvas_id  INTEGER NOT NULL REFERENCES canvas (id),
    revision   INTEGER NOT NULL,
    title      TEXT    NOT NULL,
    content    TEXT    NOT NULL,
    updated_by INTEGER NOT NULL REFERENCES user (id),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (canvas_id, revision)
) STRICT;
