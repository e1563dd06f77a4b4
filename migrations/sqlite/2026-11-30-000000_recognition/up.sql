-- By what workers worth comparing are found: hashes of what one person's records have in common.
DROP TABLE worker_identifiers;
CREATE TABLE worker_keys (
    key INTEGER NOT NULL,
    worker_id BLOB NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    PRIMARY KEY (key, worker_id)
) STRICT, WITHOUT ROWID;
-- Renewing those of one worker.
CREATE INDEX worker_keys_worker_id ON worker_keys (worker_id);

-- How far in the change log somebody has come who follows it.
CREATE TABLE followers (
    name TEXT NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT;

-- Pairs of workers, and of organizations now too, with a score. Erasing a worker takes its pairs along.
CREATE TABLE pairs (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    one_id BLOB NOT NULL,
    other_id BLOB NOT NULL,
    reasons TEXT NOT NULL,
    score_ppm INTEGER NOT NULL,
    status TEXT NOT NULL,
    kept_id BLOB,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
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
    area TEXT NOT NULL PRIMARY KEY,
    workers_ppm INTEGER,
    organizations_ppm INTEGER,
    version INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- Which record counts instead: this one is kept for whoever it came from.
ALTER TABLE organizations ADD COLUMN merged_into BLOB REFERENCES organizations (id);
CREATE INDEX organizations_merged_into ON organizations (merged_into) WHERE merged_into IS NOT NULL;
