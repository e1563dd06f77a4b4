-- When an application left the waiting list, until it moves on. Workers and partners have a task about it.
ALTER TABLE applications ADD COLUMN moved_up_at timestamptz;
CREATE INDEX applications_moved_up ON applications (id) WHERE moved_up_at IS NOT NULL;
