-- Files that are being imported, and what became of them.
CREATE TABLE import_jobs (
    id uuid NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    options jsonb NOT NULL,
    digest text COLLATE "C" NOT NULL, -- SHA-256 of the file; empty while it arrives
    length bigint NOT NULL, -- bytes of the file
    detected jsonb,
    progress jsonb NOT NULL,
    error jsonb,
    lease uuid, -- of the server that runs it, until lease_until
    lease_until timestamptz,
    cancelling boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    finished_at timestamptz
);
-- Finding what is to be run, and what is to be forgotten.
CREATE INDEX import_jobs_state ON import_jobs (state, id);
-- Lists: one's own, by kind.
CREATE INDEX import_jobs_created_by ON import_jobs (created_by, id);
CREATE INDEX import_jobs_kind ON import_jobs (kind, id);

-- The files themselves, in parts, until they are forgotten.
CREATE TABLE import_chunks (
    job_id uuid NOT NULL REFERENCES import_jobs (id) ON DELETE CASCADE,
    position bigint NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (job_id, position)
);

-- What was found about their rows.
CREATE TABLE import_findings (
    job_id uuid NOT NULL REFERENCES import_jobs (id) ON DELETE CASCADE,
    position bigint NOT NULL,
    line bigint NOT NULL,
    heading text COLLATE "C",
    value text COLLATE "C" NOT NULL,
    severity text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    message jsonb NOT NULL,
    suggestion text COLLATE "C",
    PRIMARY KEY (job_id, position)
);

-- What a job wrote, and what was there before, so that it can be undone.
CREATE TABLE import_writes (
    job_id uuid NOT NULL REFERENCES import_jobs (id) ON DELETE CASCADE,
    record_id uuid NOT NULL,
    action text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    before jsonb,
    PRIMARY KEY (job_id, record_id)
);

-- The row that a record was last made of, as a digest: the same row again changes nothing.
CREATE TABLE imported_records (
    record_id uuid NOT NULL PRIMARY KEY,
    digest bigint NOT NULL,
    version bigint NOT NULL
);

-- What the headings of a source's files mean.
CREATE TABLE import_mappings (
    source text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    mapping jsonb NOT NULL,
    version bigint NOT NULL,
    updated_by text COLLATE "C" NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (source, kind)
);

-- Finding an organization by its name alone, where a file does not tell the area.
CREATE INDEX organization_names_name_key ON organization_names (name_key);
