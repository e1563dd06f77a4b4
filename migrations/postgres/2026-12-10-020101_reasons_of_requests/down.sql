ALTER TABLE applications DROP COLUMN request_reason;
