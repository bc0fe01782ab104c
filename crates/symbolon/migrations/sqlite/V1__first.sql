-- One row: which store this is, who made it, and which key-encryption key it belongs to.
CREATE TABLE symbolon_store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id BLOB NOT NULL,
    maker TEXT NOT NULL,
    kek_id TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Times are Unix milliseconds. `credential_epoch` grows with each change of credentials; a session
-- counts only while it carries the same number.
CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    state TEXT NOT NULL CHECK (state IN ('enabled', 'disabled')),
    credential_epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user_roles (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (user_id, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    credential_epoch INTEGER NOT NULL,
    authenticated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- `sealed` is the private key, encrypted. No `activates_at`: a standby.
CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    number INTEGER NOT NULL,
    activates_at INTEGER,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (algorithm, number)
) STRICT, WITHOUT ROWID;
