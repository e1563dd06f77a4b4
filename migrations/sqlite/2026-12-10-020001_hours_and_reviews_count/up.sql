-- Hours that were logged here, and reviews by organizations: how many, and their praise and criticism in eighths of a project.
ALTER TABLE worker_records ADD COLUMN minutes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE worker_records ADD COLUMN reviews INTEGER NOT NULL DEFAULT 0;
ALTER TABLE worker_records ADD COLUMN praise INTEGER NOT NULL DEFAULT 0;
ALTER TABLE worker_records ADD COLUMN criticism INTEGER NOT NULL DEFAULT 0;
-- Reviews that the member's record has yet to count, found by a background task.
ALTER TABLE project_reviews ADD COLUMN to_count INTEGER NOT NULL DEFAULT 1;
UPDATE project_reviews SET to_count = 0 WHERE author = 'member';
CREATE INDEX project_reviews_to_count ON project_reviews (id) WHERE to_count;
