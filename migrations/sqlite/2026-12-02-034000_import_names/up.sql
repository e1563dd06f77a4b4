-- Imports are stored under the names that the API gives their members.
ALTER TABLE import_jobs RENAME COLUMN state TO status;
ALTER TABLE import_jobs RENAME COLUMN digest TO sha256;
ALTER TABLE import_jobs RENAME COLUMN length TO size_bytes;
DROP INDEX import_jobs_state;
-- Finding the import to run next, and the ones to purge.
CREATE INDEX import_jobs_status ON import_jobs (status, id);

UPDATE import_jobs SET options = json_remove(
    json_set(options, '$.options.on_absent', json_extract(options, '$.options.absent')), '$.options.absent')
WHERE json_type(options, '$.options.absent') IS NOT NULL;
UPDATE import_jobs SET progress = json_remove(
    json_set(progress, '$.rows_read', json_extract(progress, '$.seen')), '$.seen')
WHERE json_type(progress, '$.seen') IS NOT NULL;

UPDATE import_findings SET severity = 'warning' WHERE severity = 'notice';
UPDATE import_findings SET code = 'already_exists' WHERE code = 'exists_already';
UPDATE import_jobs SET error = json_set(error, '$.code', 'invalid_archive')
WHERE json_extract(error, '$.code') = 'no_archive';
