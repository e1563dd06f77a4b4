-- Secrets of this installation, each made at its first use.
CREATE TABLE installation_keys (
    name TEXT NOT NULL PRIMARY KEY,
    secret TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

-- Who the rows of an import are about, as keyed digests: erasing a person finds the files that they are in.
CREATE TABLE import_people (
    job_id BLOB NOT NULL REFERENCES import_jobs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- rows of the file before this part
    keys BLOB NOT NULL, -- of each person: line (4 bytes) and digest (8 bytes)
    PRIMARY KEY (job_id, position)
) STRICT;
