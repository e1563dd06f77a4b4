-- By what workers worth comparing are found: hashes of what one person's records have in common.
DROP TABLE worker_identifiers;
CREATE TABLE worker_keys (
    key bigint NOT NULL,
    worker_id uuid NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    PRIMARY KEY (key, worker_id)
);
-- Renewing those of one worker.
CREATE INDEX worker_keys_worker_id ON worker_keys (worker_id);

-- How far in the change log somebody has come who follows it.
CREATE TABLE followers (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    position bigint NOT NULL
);

-- Pairs of workers, and of organizations now too, with a score. Erasing a worker takes its pairs along.
CREATE TABLE pairs (
    id uuid NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    one_id uuid NOT NULL,
    other_id uuid NOT NULL,
    reasons jsonb NOT NULL,
    score_ppm integer NOT NULL,
    status text COLLATE "C" NOT NULL,
    kept_id uuid,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- What was proposed is found anew; what was decided stays.
INSERT INTO pairs SELECT id, 'worker', one_id, other_id, '[]', 0, status, kept_id, version, created_at, updated_at
    FROM duplicates WHERE status <> 'proposed';
DROP TABLE duplicates;
ALTER TABLE pairs RENAME TO duplicates;
CREATE UNIQUE INDEX duplicates_one_id ON duplicates (one_id, other_id);
-- What is proposed about one record.
CREATE INDEX duplicates_other_id ON duplicates (other_id);
CREATE INDEX duplicates_status ON duplicates (status, id);
CREATE INDEX duplicates_kind ON duplicates (kind, status, id);
-- The likeliest first.
CREATE INDEX duplicates_score ON duplicates (score_ppm, id);

-- From which score on pairs of an area are merged without being asked for.
CREATE TABLE duplicate_rules (
    area text COLLATE "C" NOT NULL PRIMARY KEY,
    workers_ppm integer,
    organizations_ppm integer,
    version bigint NOT NULL,
    updated_by text COLLATE "C" NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Which record counts instead: this one is kept for whoever it came from.
ALTER TABLE organizations ADD COLUMN merged_into uuid REFERENCES organizations (id);
CREATE INDEX organizations_merged_into ON organizations (merged_into) WHERE merged_into IS NOT NULL;
