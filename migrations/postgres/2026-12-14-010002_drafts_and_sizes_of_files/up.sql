-- Whether an artifact is a draft of the team, which its organization doesn't see yet.
ALTER TABLE project_entries ADD COLUMN is_draft boolean NOT NULL DEFAULT false;
UPDATE project_entries SET is_draft = true
WHERE kind = 'artifact' AND document -> 'work' ->> 'status' = 'draft' AND created_by NOT LIKE 'organization:%';
-- How large the file of an artifact is.
ALTER TABLE project_entries ADD COLUMN file_bytes integer;
UPDATE project_entries SET file_bytes = (SELECT sum(length(f.bytes)) FROM project_files AS f WHERE f.entry_id = project_entries.id)
WHERE kind = 'artifact';
-- How much room the files of a project take, those of several, and all of them.
CREATE INDEX project_entries_files ON project_entries (project_id, file_bytes, id) WHERE file_bytes IS NOT NULL;
