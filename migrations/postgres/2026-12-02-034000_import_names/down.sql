UPDATE import_jobs SET error = jsonb_set(error, '{code}', '"no_archive"') WHERE error ->> 'code' = 'invalid_archive';
UPDATE import_findings SET code = 'exists_already' WHERE code = 'already_exists';
UPDATE import_findings SET severity = 'notice' WHERE severity = 'warning';

UPDATE import_jobs
SET progress = jsonb_set(progress - 'rows_read', '{seen}', progress -> 'rows_read')
WHERE progress ? 'rows_read';
UPDATE import_jobs
SET options = jsonb_set(options #- '{options,on_absent}', '{options,absent}', options #> '{options,on_absent}')
WHERE options -> 'options' ? 'on_absent';

DROP INDEX import_jobs_status;
ALTER TABLE import_jobs RENAME COLUMN size_bytes TO length;
ALTER TABLE import_jobs RENAME COLUMN sha256 TO digest;
ALTER TABLE import_jobs RENAME COLUMN status TO state;
CREATE INDEX import_jobs_state ON import_jobs (state, id);
