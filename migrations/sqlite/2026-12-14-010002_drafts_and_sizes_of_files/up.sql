-- Whether an artifact is a draft of the team, which its organization doesn't see yet.
ALTER TABLE project_entries ADD COLUMN is_draft INTEGER NOT NULL DEFAULT 0;
UPDATE project_entries SET is_draft = 1
WHERE kind = 'artifact' AND json_extract(document, '$.work.status') = 'draft' AND created_by NOT LIKE 'organization:%';
-- How large the file of an artifact is.
ALTER TABLE project_entries ADD COLUMN file_bytes INTEGER;
UPDATE project_entries SET file_bytes = (SELECT sum(length(f.bytes)) FROM project_files AS f WHERE f.entry_id = project_entries.id)
WHERE kind = 'artifact';
-- How much room the files of a project take, those of several, and all of them.
CREATE INDEX project_entries_files ON project_entries (project_id, file_bytes, id) WHERE file_bytes IS NOT NULL;
