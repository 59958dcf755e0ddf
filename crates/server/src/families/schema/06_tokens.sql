-- The tokens that were issued here and have not ended; not the secrets themselves.
CREATE TABLE token (
    jti        TEXT    PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES user (id),
    kind       TEXT    NOT NULL CHECK (kind IN ('user', 'widget', 'overlay')),
    scope      TEXT,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX token_by_user ON token (user_id, issued_at);
CREATE INDEX token_by_end ON token (expires_at);
