-- What an organization is asked months after the delivery, its answer, and the one-time link to answer without an account. The
-- day is counted since 1970 in Tokyo.
CREATE TABLE follow_ups (
    id uuid NOT NULL PRIMARY KEY,
    deliverable_id uuid NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    months integer NOT NULL,
    asked_on integer NOT NULL,
    still_in_use boolean,
    reach integer,
    would_do_again boolean,
    changes text COLLATE "C",
    answered_by text COLLATE "C",
    answered_at timestamptz,
    link_digest text COLLATE "C",
    link_expires_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX follow_ups_deliverable_id ON follow_ups (deliverable_id, months);
-- Links: one look-up by the digest.
CREATE UNIQUE INDEX follow_ups_link_digest ON follow_ups (link_digest) WHERE link_digest IS NOT NULL;
-- Tasks: what isn't answered, oldest first.
CREATE INDEX follow_ups_waiting ON follow_ups (id, asked_on) WHERE answered_at IS NULL;
