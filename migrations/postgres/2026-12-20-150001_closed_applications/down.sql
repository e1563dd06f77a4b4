ALTER TABLE applications DROP COLUMN closed_by;
ALTER TABLE applications DROP COLUMN closed_at;
