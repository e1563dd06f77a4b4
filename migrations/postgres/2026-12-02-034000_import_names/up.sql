-- Imports are stored under the names that the API gives their members.
ALTER TABLE import_jobs RENAME COLUMN state TO status;
ALTER TABLE import_jobs RENAME COLUMN digest TO sha256;
ALTER TABLE import_jobs RENAME COLUMN length TO size_bytes;
DROP INDEX import_jobs_state;
-- Finding the import to run next, and the ones to purge.
CREATE INDEX import_jobs_status ON import_jobs (status, id);

UPDATE import_jobs
SET options = jsonb_set(options #- '{options,absent}', '{options,on_absent}', options #> '{options,absent}')
WHERE options -> 'options' ? 'absent';
UPDATE import_jobs
SET progress = jsonb_set(progress - 'seen', '{rows_read}', progress -> 'seen')
WHERE progress ? 'seen';

UPDATE import_findings SET severity = 'warning' WHERE severity = 'notice';
UPDATE import_findings SET code = 'already_exists' WHERE code = 'exists_already';
UPDATE import_jobs SET error = jsonb_set(error, '{code}', '"invalid_archive"') WHERE error ->> 'code' = 'no_archive';
