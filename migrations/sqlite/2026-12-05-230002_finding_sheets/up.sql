-- The sheet of a row, if an import reads several.
ALTER TABLE import_findings ADD COLUMN sheet TEXT;
