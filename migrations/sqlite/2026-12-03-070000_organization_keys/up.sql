-- By what organizations worth comparing are found, as worker_keys for workers.
CREATE TABLE organization_keys (
    key INTEGER NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    PRIMARY KEY (key, organization_id)
) STRICT, WITHOUT ROWID;
-- Renewing those of one organization.
CREATE INDEX organization_keys_organization_id ON organization_keys (organization_id);
-- The records that are registered already get their keys: the detector reads the log from its beginning.
DELETE FROM followers WHERE name = 'duplicates';
