-- What a program keeps for a visitor; a sign-in is in `sessions`. `id` is the moment of the cookie's
-- making and the cookie's SHA-256; `origin` is the first it had, which stays. `entries` is a JSON object. With a `sid` it counts only while
-- that sign-in does.
CREATE TABLE app_sessions (
    id BYTEA NOT NULL PRIMARY KEY,
    origin BYTEA NOT NULL UNIQUE,
    entries TEXT NOT NULL,
    sid UUID,
    created_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX app_sessions_by_expiry ON app_sessions (expires_at);
