-- kind: 0 a user, 1 a workspace, 2 a channel.
-- An open interval ends at 9223372036854775807.

CREATE TABLE log (
    pos   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at    INTEGER NOT NULL,
    event TEXT    NOT NULL
) STRICT;

-- Within an epoch, which lasts from one open to the next, positions have no gaps.
CREATE TABLE epoch (
    first_pos   INTEGER NOT NULL PRIMARY KEY,
    rows_before INTEGER NOT NULL
) STRICT;

CREATE TABLE audience (
    kind     INTEGER NOT NULL CHECK (kind IN (0, 1, 2)),
    scope_id INTEGER NOT NULL,
    pos      INTEGER NOT NULL,
    PRIMARY KEY (kind, scope_id, pos)
) STRICT, WITHOUT ROWID;

CREATE INDEX audience_by_pos ON audience (pos);

-- The primary key admits one open interval per user and scope.
CREATE TABLE membership (
    kind     INTEGER NOT NULL CHECK (kind IN (1, 2)),
    scope_id INTEGER NOT NULL,
    to_pos   INTEGER NOT NULL CHECK (to_pos > from_pos),
    user_id  INTEGER NOT NULL,
    from_pos INTEGER NOT NULL,
    role     TEXT    NOT NULL,
    PRIMARY KEY (kind, scope_id, to_pos, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX membership_by_user ON membership (user_id, to_pos);
CREATE INDEX membership_ended ON membership (to_pos) WHERE to_pos < 9223372036854775807;

CREATE TABLE idempotency (
    caller      TEXT    NOT NULL,
    method      TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    params_hash BLOB    NOT NULL CHECK (length(params_hash) = 32),
    result      TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (caller, method, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (at);

-- Without a jti, every token issued before before_ms.
CREATE TABLE revocation (
    id        INTEGER NOT NULL PRIMARY KEY,
    principal TEXT    NOT NULL,
    jti       TEXT,
    before_ms INTEGER NOT NULL,
    until_ms  INTEGER NOT NULL
) STRICT;

CREATE INDEX revocation_by_end ON revocation (until_ms);
CREATE INDEX revocation_by_principal ON revocation (principal, until_ms);
