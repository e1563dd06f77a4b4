DROP INDEX applications_moved_up;
ALTER TABLE applications DROP COLUMN moved_up_at;
