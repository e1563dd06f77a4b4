-- The records that the rows of an import were about, with their lines: a run that goes on tells by them which row is about one for the
-- second time. Only while the import runs. Null for what an earlier release wrote.
CREATE TABLE import_seen (
    job_id BLOB NOT NULL REFERENCES import_jobs (id) ON DELETE CASCADE,
    record_id BLOB NOT NULL,
    line INTEGER,
    PRIMARY KEY (job_id, record_id)
) STRICT, WITHOUT ROWID;

INSERT INTO import_seen (job_id, record_id)
SELECT w.job_id, w.record_id FROM import_writes AS w
JOIN import_jobs AS j ON j.id = w.job_id
WHERE j.status = 'running' AND j.kind IN ('applications', 'projects', 'project_work', 'events', 'registrations');
