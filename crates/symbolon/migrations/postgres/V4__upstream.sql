-- Logging in with others. A login under way is found by the hash of its `state` and counts only for the
-- browser that began it; `sealed` is encrypted.
CREATE TABLE upstream_logins (
    id BYTEA NOT NULL PRIMARY KEY,
    browser BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX upstream_logins_by_expiry ON upstream_logins (expires_at);

-- Which of our users a provider means by a subject.
CREATE TABLE upstream_links (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);

CREATE INDEX upstream_links_by_user ON upstream_links (user_id);

-- The tokens of a provider, encrypted, where a program asked for them to be kept. `version` grows with
-- each refresh; until `claimed_until` one node has the refresh to itself.
CREATE TABLE upstream_tokens (
    id UUID NOT NULL PRIMARY KEY,
    sid UUID REFERENCES sessions (id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    version BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX upstream_tokens_by_session ON upstream_tokens (sid);
CREATE INDEX upstream_tokens_by_expiry ON upstream_tokens (expires_at);
