-- One mapping per source and kind: the one for everyone, or else the newest.
DELETE FROM import_mappings a USING import_mappings b
WHERE a.source = b.source AND a.kind = b.kind AND a.owner <> b.owner
    AND (b.owner = '' OR (a.owner <> '' AND (b.updated_at, b.owner) > (a.updated_at, a.owner)));
ALTER TABLE import_mappings DROP CONSTRAINT import_mappings_pkey;
ALTER TABLE import_mappings DROP COLUMN owner;
ALTER TABLE import_mappings ADD PRIMARY KEY (source, kind);
