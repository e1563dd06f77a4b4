ALTER TABLE import_writes DROP COLUMN version_before;
