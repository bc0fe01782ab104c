-- Users who come from another program. `external_id` is the id they had there. `imported_scheme` says
-- what their hash costs, until their first login replaces it.
ALTER TABLE users ADD COLUMN external_id TEXT;
ALTER TABLE users ADD COLUMN imported_scheme TEXT;
CREATE UNIQUE INDEX users_by_external_id ON users (external_id);
CREATE INDEX users_by_imported_scheme ON users (imported_scheme);
