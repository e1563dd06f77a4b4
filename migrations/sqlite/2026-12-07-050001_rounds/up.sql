-- Drafts and published rounds. `request` has the question without its pins and bans, `outcome` what was found without people.
CREATE TABLE rounds (
    id BLOB NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    objective TEXT NOT NULL,
    title TEXT,
    places INTEGER NOT NULL,
    filled INTEGER NOT NULL,
    fit_ppm INTEGER NOT NULL,
    at_change INTEGER NOT NULL,
    request TEXT NOT NULL,
    outcome TEXT NOT NULL,
    created_by TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    published_at TEXT
) STRICT;
-- The drafts of a caller are counted.
CREATE INDEX rounds_created_by ON rounds (created_by, status);
-- Old ones are deleted.
CREATE INDEX rounds_updated_at ON rounds (status, updated_at);

CREATE TABLE round_deliverables (
    round_id BLOB NOT NULL REFERENCES rounds (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    deliverable_id BLOB NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    PRIMARY KEY (round_id, position)
) STRICT;
CREATE INDEX round_deliverables_deliverable_id ON round_deliverables (deliverable_id);

-- Everybody in a round: who has a place, who would come instead, pins and bans.
CREATE TABLE round_people (
    round_id BLOB NOT NULL REFERENCES rounds (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    slot INTEGER,
    deliverable_id BLOB,
    role TEXT,
    worker_id BLOB,
    other_worker_id BLOB,
    fit_ppm INTEGER NOT NULL,
    application_id BLOB,
    PRIMARY KEY (round_id, kind, position)
) STRICT;
-- Erasing a worker finds them in every round.
CREATE INDEX round_people_worker_id ON round_people (worker_id);
CREATE INDEX round_people_other_worker_id ON round_people (other_worker_id);
