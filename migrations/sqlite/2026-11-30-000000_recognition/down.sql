DROP INDEX organizations_merged_into;
ALTER TABLE organizations DROP COLUMN merged_into;
DROP TABLE duplicate_rules;
DROP TABLE duplicates;
DROP TABLE followers;
DROP TABLE worker_keys;
-- Verified e-mail addresses and phone numbers, as digests: who shares one may be the same person.
CREATE TABLE worker_identifiers (
    digest TEXT NOT NULL,
    worker_id BLOB NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    PRIMARY KEY (digest, worker_id)
) STRICT;
-- Renewing those of one worker.
CREATE INDEX worker_identifiers_worker_id ON worker_identifiers (worker_id);

-- Pairs that may be one person, for somebody to decide.
CREATE TABLE duplicates (
    id BLOB NOT NULL PRIMARY KEY,
    one_id BLOB NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    other_id BLOB NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    reasons TEXT NOT NULL,
    status TEXT NOT NULL,
    kept_id BLOB,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (one_id, other_id)
) STRICT;
CREATE INDEX duplicates_status ON duplicates (status, id);
-- What is proposed about one worker.
CREATE INDEX duplicates_other_id ON duplicates (other_id);
