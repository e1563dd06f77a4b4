-- How a request was examined: its endorsement, its hearing and the days by which each step is due.
CREATE TABLE intakes (
    deliverable_id uuid NOT NULL PRIMARY KEY REFERENCES deliverables (id) ON DELETE CASCADE,
    record jsonb NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL
);
-- Each decision about a request: which status, why, and the words for its organization.
CREATE TABLE intake_decisions (
    id uuid NOT NULL PRIMARY KEY,
    deliverable_id uuid NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    status text COLLATE "C" NOT NULL,
    reason text COLLATE "C",
    message text COLLATE "C",
    decided_by text COLLATE "C" NOT NULL,
    decided_at timestamptz NOT NULL
);
-- The decisions about one request, newest first.
CREATE INDEX intake_decisions_deliverable_id ON intake_decisions (deliverable_id, id);
