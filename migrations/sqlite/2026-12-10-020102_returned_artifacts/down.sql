DROP INDEX project_entries_returned;
ALTER TABLE project_entries DROP COLUMN returned;
