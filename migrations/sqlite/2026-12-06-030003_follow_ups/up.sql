-- What an organization is asked months after the delivery, its answer, and the one-time link to answer without an account. The
-- day is counted since 1970 in Tokyo.
CREATE TABLE follow_ups (
    id BLOB NOT NULL PRIMARY KEY,
    deliverable_id BLOB NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    months INTEGER NOT NULL,
    asked_on INTEGER NOT NULL,
    still_in_use INTEGER,
    reach INTEGER,
    would_do_again INTEGER,
    changes TEXT,
    answered_by TEXT,
    answered_at TEXT,
    link_digest TEXT,
    link_expires_at TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX follow_ups_deliverable_id ON follow_ups (deliverable_id, months);
-- Links: one look-up by the digest.
CREATE UNIQUE INDEX follow_ups_link_digest ON follow_ups (link_digest) WHERE link_digest IS NOT NULL;
-- Tasks: what isn't answered, oldest first.
CREATE INDEX follow_ups_waiting ON follow_ups (id, asked_on) WHERE answered_at IS NULL;
