ALTER TABLE user ADD COLUMN external_id TEXT;

CREATE UNIQUE INDEX user_by_external_id ON user (external_id) WHERE external_id IS NOT NULL;
