-- Hours that were logged here, and reviews by organizations: how many, and their praise and criticism in eighths of a project.
ALTER TABLE worker_records ADD COLUMN minutes integer NOT NULL DEFAULT 0;
ALTER TABLE worker_records ADD COLUMN reviews integer NOT NULL DEFAULT 0;
ALTER TABLE worker_records ADD COLUMN praise integer NOT NULL DEFAULT 0;
ALTER TABLE worker_records ADD COLUMN criticism integer NOT NULL DEFAULT 0;
-- Reviews that the member's record has yet to count, found by a background task.
ALTER TABLE project_reviews ADD COLUMN to_count boolean NOT NULL DEFAULT true;
UPDATE project_reviews SET to_count = false WHERE author = 'member';
CREATE INDEX project_reviews_to_count ON project_reviews (id) WHERE to_count;
