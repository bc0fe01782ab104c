-- One row: which store this is, who made it, and which key-encryption key it belongs to.
CREATE TABLE symbolon_store (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    id UUID NOT NULL,
    maker TEXT NOT NULL,
    kek_id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Times are Unix milliseconds. `credential_epoch` grows with each change of credentials; a session
-- counts only while it carries the same number.
CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    state TEXT NOT NULL CHECK (state IN ('enabled', 'disabled')),
    credential_epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE user_roles (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (user_id, role)
);

CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    credential_epoch BIGINT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- `sealed` is the private key, encrypted. No `activates_at`: a standby.
CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    number BIGINT NOT NULL,
    activates_at BIGINT,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (algorithm, number)
);
