-- Which key-encryption key sealed a row; unknown for rows of before. `revoked_at`: out of service since
-- then, and its private half is gone. `kek_check` shows that a key-encryption key is the store's.
ALTER TABLE symbolon_store ADD COLUMN kek_check BLOB;
ALTER TABLE signing_keys ADD COLUMN revoked_at INTEGER;
ALTER TABLE signing_keys ADD COLUMN kek_id TEXT;
ALTER TABLE upstream_logins ADD COLUMN kek_id TEXT;
ALTER TABLE upstream_tokens ADD COLUMN kek_id TEXT;
