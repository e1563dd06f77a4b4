-- Why the request of an application ended, if the application ended with it.
ALTER TABLE applications ADD COLUMN request_reason text COLLATE "C";
