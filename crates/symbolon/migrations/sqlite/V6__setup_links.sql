-- The hash of the code by which the first user is made; one at a time.
CREATE TABLE setup_links (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    code_hash BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
