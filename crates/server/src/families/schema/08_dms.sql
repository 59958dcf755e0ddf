-- A permission that was not there when a workspace decided what its roles may do.
UPDATE role_permissions SET permissions = trim(permissions || ' dm:create')
WHERE role IN ('admin', 'member');

-- Who opened a dm: one can open so many in a workspace.
ALTER TABLE channel ADD COLUMN opened_by INTEGER REFERENCES user (id);
CREATE INDEX dm_by_opener ON channel (opened_by, workspace_id) WHERE opened_by IS NOT NULL;

-- The channels of a workspace that are nobody's dm.
CREATE INDEX room_by_workspace ON channel (workspace_id, id) WHERE kind <> 'dm' AND deleted_at IS NULL;
