-- Who saw whose personal data, and who decided about permissions: each entry's hash covers the one before.
CREATE TABLE audit (
    seq bigint NOT NULL PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    entry text COLLATE "C" NOT NULL, -- the very text that is hashed
    hash text COLLATE "C" NOT NULL
);
-- Lists: one index for each filter.
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_action ON audit (action, seq);

-- Whom or what an entry is about: ids, never more, so that erasing a person leaves the chain whole.
CREATE TABLE audit_subjects (
    subject_id uuid NOT NULL,
    seq bigint NOT NULL REFERENCES audit (seq),
    PRIMARY KEY (subject_id, seq)
);

-- Every consent that was given, and until when.
CREATE TABLE consents (
    id uuid NOT NULL PRIMARY KEY,
    worker_id uuid NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    consent jsonb NOT NULL,
    recorded_by text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    withdrawn_by text COLLATE "C",
    withdrawn_at timestamptz
);
CREATE INDEX consents_worker_id ON consents (worker_id, id);

-- Those that were given before there was a history.
INSERT INTO consents (id, worker_id, consent, recorded_by, recorded_at)
SELECT gen_random_uuid(), id, profile -> 'consent', 'migration', updated_at FROM workers
WHERE jsonb_typeof(profile -> 'consent') = 'object';
