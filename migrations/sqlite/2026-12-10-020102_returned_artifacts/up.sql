-- Whether an artifact was returned for changes: who handed it in has a task about it.
ALTER TABLE project_entries ADD COLUMN returned INTEGER NOT NULL DEFAULT 0;
UPDATE project_entries SET returned = 1 WHERE kind = 'artifact' AND json_extract(document, '$.work.status') = 'returned';
CREATE INDEX project_entries_returned ON project_entries (id) WHERE returned;
