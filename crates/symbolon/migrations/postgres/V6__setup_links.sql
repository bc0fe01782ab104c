-- The hash of the code by which the first user is made; one at a time.
CREATE TABLE setup_links (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    code_hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
