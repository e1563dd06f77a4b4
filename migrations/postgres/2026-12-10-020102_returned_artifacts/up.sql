-- Whether an artifact was returned for changes: who handed it in has a task about it.
ALTER TABLE project_entries ADD COLUMN returned boolean NOT NULL DEFAULT false;
UPDATE project_entries SET returned = true WHERE kind = 'artifact' AND document -> 'work' ->> 'status' = 'returned';
CREATE INDEX project_entries_returned ON project_entries (id) WHERE returned;
