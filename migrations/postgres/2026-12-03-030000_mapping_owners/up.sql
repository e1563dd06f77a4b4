-- Everyone has their own mappings; administrators save those for everyone, without an owner.
ALTER TABLE import_mappings ADD COLUMN owner text COLLATE "C" NOT NULL DEFAULT '';
UPDATE import_mappings SET owner = updated_by WHERE updated_by NOT LIKE 'admin:%';
ALTER TABLE import_mappings DROP CONSTRAINT import_mappings_pkey;
ALTER TABLE import_mappings ADD PRIMARY KEY (source, kind, owner);
