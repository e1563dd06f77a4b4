-- Who saw whose personal data, and who decided about permissions: each entry's hash covers the one before.
CREATE TABLE audit (
    seq INTEGER NOT NULL PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    entry TEXT NOT NULL, -- the very text that is hashed
    hash TEXT NOT NULL
) STRICT;
-- Lists: one index for each filter.
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_action ON audit (action, seq);

-- Whom or what an entry is about: ids, never more, so that erasing a person leaves the chain whole.
CREATE TABLE audit_subjects (
    subject_id BLOB NOT NULL,
    seq INTEGER NOT NULL REFERENCES audit (seq),
    PRIMARY KEY (subject_id, seq)
) STRICT;

-- Every consent that was given, and until when.
CREATE TABLE consents (
    id BLOB NOT NULL PRIMARY KEY,
    worker_id BLOB NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    consent TEXT NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    withdrawn_by TEXT,
    withdrawn_at TEXT
) STRICT;
CREATE INDEX consents_worker_id ON consents (worker_id, id);

-- Those that were given before there was a history.
INSERT INTO consents (id, worker_id, consent, recorded_by, recorded_at)
SELECT randomblob(16), id, json_extract(profile, '$.consent'), 'migration', updated_at FROM workers
WHERE json_type(profile, '$.consent') = 'object';
