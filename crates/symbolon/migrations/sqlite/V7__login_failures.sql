-- Tries at a password since the last login, for names that somebody has and for names that nobody has.
-- `account` is a keyed hash of the name: what is typed there may be a password.
CREATE TABLE login_failures (
    account BLOB NOT NULL PRIMARY KEY,
    tries INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL,
    forgotten_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX login_failures_by_end ON login_failures (forgotten_at);
