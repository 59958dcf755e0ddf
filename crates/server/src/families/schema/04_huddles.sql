-- What users say of themselves; of two claims of one user the higher id is the newer.
CREATE TABLE presence_claim (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL UNIQUE REFERENCES user (id),
    state   TEXT    NOT NULL,
    until   INTEGER
) STRICT;

CREATE INDEX presence_claim_by_end ON presence_claim (until) WHERE until IS NOT NULL;

-- The huddles that are going on; one that ends is deleted.
CREATE TABLE huddle (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id INTEGER NOT NULL UNIQUE REFERENCES channel (id),
    started_by INTEGER NOT NULL REFERENCES user (id),
    started_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL DEFAULT 1
) STRICT;

-- Who is in a huddle, in one at a time. Who joins again gets a new lease, and the old one is
-- worth nothing any more.
CREATE TABLE huddle_seat (
    lease     INTEGER PRIMARY KEY AUTOINCREMENT,
    huddle_id INTEGER NOT NULL REFERENCES huddle (id),
    user_id   INTEGER NOT NULL UNIQUE REFERENCES user (id),
    joined_at INTEGER NOT NULL,
    leased_at INTEGER NOT NULL,
    muted     INTEGER NOT NULL DEFAULT 0,
    screen    INTEGER NOT NULL DEFAULT 0,
    hand      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX huddle_seat_by_huddle ON huddle_seat (huddle_id, joined_at, user_id);
