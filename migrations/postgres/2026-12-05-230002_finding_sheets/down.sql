ALTER TABLE import_findings DROP COLUMN sheet;
