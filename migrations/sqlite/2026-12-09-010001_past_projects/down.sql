DROP INDEX projects_external_id;
ALTER TABLE projects DROP COLUMN source;
ALTER TABLE projects DROP COLUMN external_id;
ALTER TABLE projects DROP COLUMN delivered_day;
