-- What a program keeps for a visitor; a sign-in is in `sessions`. `id` is the moment of the cookie's
-- making and the cookie's SHA-256; `origin` is the first it had, which stays. `entries` is a JSON object. With a `sid` it counts only while
-- that sign-in does. Rows may be large, so they are kept apart from the key's index.
CREATE TABLE app_sessions (
    id BLOB NOT NULL PRIMARY KEY,
    origin BLOB NOT NULL UNIQUE,
    entries TEXT NOT NULL,
    sid BLOB,
    created_at INTEGER NOT NULL,
    touched_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX app_sessions_by_expiry ON app_sessions (expires_at);
