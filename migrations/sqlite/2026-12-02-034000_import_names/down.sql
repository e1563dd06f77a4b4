UPDATE import_jobs SET error = json_set(error, '$.code', 'no_archive')
WHERE json_extract(error, '$.code') = 'invalid_archive';
UPDATE import_findings SET code = 'exists_already' WHERE code = 'already_exists';
UPDATE import_findings SET severity = 'notice' WHERE severity = 'warning';

UPDATE import_jobs SET progress = json_remove(
    json_set(progress, '$.seen', json_extract(progress, '$.rows_read')), '$.rows_read')
WHERE json_type(progress, '$.rows_read') IS NOT NULL;
UPDATE import_jobs SET options = json_remove(
    json_set(options, '$.options.absent', json_extract(options, '$.options.on_absent')), '$.options.on_absent')
WHERE json_type(options, '$.options.on_absent') IS NOT NULL;

DROP INDEX import_jobs_status;
ALTER TABLE import_jobs RENAME COLUMN size_bytes TO length;
ALTER TABLE import_jobs RENAME COLUMN sha256 TO digest;
ALTER TABLE import_jobs RENAME COLUMN status TO state;
CREATE INDEX import_jobs_state ON import_jobs (state, id);
