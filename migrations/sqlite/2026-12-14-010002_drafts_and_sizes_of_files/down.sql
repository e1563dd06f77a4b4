DROP INDEX project_entries_files;
ALTER TABLE project_entries DROP COLUMN file_bytes;
ALTER TABLE project_entries DROP COLUMN is_draft;
