-- The hash of the code by which the first user is made; one at a time.
CREATE TABLE setup_links (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    code_hash BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- The newest time that a server has written: a clock that is behind it is wrong.
ALTER TABLE symbolon_store ADD COLUMN last_seen_at INTEGER NOT NULL DEFAULT 0;
