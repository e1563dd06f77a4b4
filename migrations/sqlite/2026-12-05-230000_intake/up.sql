-- How a request was examined: its endorsement, its hearing and the days by which each step is due.
CREATE TABLE intakes (
    deliverable_id BLOB NOT NULL PRIMARY KEY REFERENCES deliverables (id) ON DELETE CASCADE,
    record TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
-- Each decision about a request: which status, why, and the words for its organization.
CREATE TABLE intake_decisions (
    id BLOB NOT NULL PRIMARY KEY,
    deliverable_id BLOB NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    reason TEXT,
    message TEXT,
    decided_by TEXT NOT NULL,
    decided_at TEXT NOT NULL
) STRICT;
-- The decisions about one request, newest first.
CREATE INDEX intake_decisions_deliverable_id ON intake_decisions (deliverable_id, id);
