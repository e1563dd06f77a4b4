-- Files that are being imported, and what became of them.
CREATE TABLE import_jobs (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    created_by TEXT NOT NULL,
    options TEXT NOT NULL,
    digest TEXT NOT NULL, -- SHA-256 of the file; empty while it arrives
    length INTEGER NOT NULL, -- bytes of the file
    detected TEXT,
    progress TEXT NOT NULL,
    error TEXT,
    lease BLOB, -- of the server that runs it, until lease_until
    lease_until TEXT,
    cancelling INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    finished_at TEXT
) STRICT;
-- Finding what is to be run, and what is to be forgotten.
CREATE INDEX import_jobs_state ON import_jobs (state, id);
-- Lists: one's own, by kind.
CREATE INDEX import_jobs_created_by ON import_jobs (created_by, id);
CREATE INDEX import_jobs_kind ON import_jobs (kind, id);

-- The files themselves, in parts, until they are forgotten.
CREATE TABLE import_chunks (
    job_id BLOB NOT NULL REFERENCES import_jobs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (job_id, position)
) STRICT;

-- What was found about their rows.
CREATE TABLE import_findings (
    job_id BLOB NOT NULL REFERENCES import_jobs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    line INTEGER NOT NULL,
    heading TEXT,
    value TEXT NOT NULL,
    severity TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    suggestion TEXT,
    PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;

-- What a job wrote, and what was there before, so that it can be undone.
CREATE TABLE import_writes (
    job_id BLOB NOT NULL REFERENCES import_jobs (id) ON DELETE CASCADE,
    record_id BLOB NOT NULL,
    action TEXT NOT NULL,
    version INTEGER NOT NULL,
    before TEXT,
    PRIMARY KEY (job_id, record_id)
) STRICT, WITHOUT ROWID;

-- The row that a record was last made of, as a digest: the same row again changes nothing.
CREATE TABLE imported_records (
    record_id BLOB NOT NULL PRIMARY KEY,
    digest INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the headings of a source's files mean.
CREATE TABLE import_mappings (
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    mapping TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (source, kind)
) STRICT;

-- Finding an organization by its name alone, where a file does not tell the area.
CREATE INDEX organization_names_name_key ON organization_names (name_key);
