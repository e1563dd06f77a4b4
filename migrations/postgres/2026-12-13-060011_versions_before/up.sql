-- The version of a record before an import wrote it. One row may lead to several versions, so it isn't always the one before
-- `version`. Null if it is the one before, for what was created, and for older imports.
ALTER TABLE import_writes ADD COLUMN version_before bigint;
