DROP INDEX project_reviews_to_count;
ALTER TABLE project_reviews DROP COLUMN to_count;
ALTER TABLE worker_records DROP COLUMN criticism;
ALTER TABLE worker_records DROP COLUMN praise;
ALTER TABLE worker_records DROP COLUMN reviews;
ALTER TABLE worker_records DROP COLUMN minutes;
