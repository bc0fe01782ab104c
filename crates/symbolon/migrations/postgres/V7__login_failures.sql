-- Tries at a password since the last login, for names that somebody has and for names that nobody has.
-- `account` is a keyed hash of the name: what is typed there may be a password.
CREATE TABLE login_failures (
    account BYTEA NOT NULL PRIMARY KEY,
    tries BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    forgotten_at BIGINT NOT NULL
);

CREATE INDEX login_failures_by_end ON login_failures (forgotten_at);
