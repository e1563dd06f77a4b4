-- Drafts and published rounds. `request` has the question without its pins and bans, `outcome` what was found without people.
CREATE TABLE rounds (
    id uuid NOT NULL PRIMARY KEY,
    status text COLLATE "C" NOT NULL,
    objective text COLLATE "C" NOT NULL,
    title text COLLATE "C",
    places integer NOT NULL,
    filled integer NOT NULL,
    fit_ppm bigint NOT NULL,
    at_change bigint NOT NULL,
    request jsonb NOT NULL,
    outcome jsonb NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    published_at timestamptz
);
-- The drafts of a caller are counted.
CREATE INDEX rounds_created_by ON rounds (created_by, status);
-- Old ones are deleted.
CREATE INDEX rounds_updated_at ON rounds (status, updated_at);

CREATE TABLE round_deliverables (
    round_id uuid NOT NULL REFERENCES rounds (id) ON DELETE CASCADE,
    position integer NOT NULL,
    deliverable_id uuid NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    PRIMARY KEY (round_id, position)
);
CREATE INDEX round_deliverables_deliverable_id ON round_deliverables (deliverable_id);

-- Everybody in a round: who has a place, who would come instead, pins and bans.
CREATE TABLE round_people (
    round_id uuid NOT NULL REFERENCES rounds (id) ON DELETE CASCADE,
    kind text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    slot integer,
    deliverable_id uuid,
    role text COLLATE "C",
    worker_id uuid,
    other_worker_id uuid,
    fit_ppm bigint NOT NULL,
    application_id uuid,
    PRIMARY KEY (round_id, kind, position)
);
-- Erasing a worker finds them in every round.
CREATE INDEX round_people_worker_id ON round_people (worker_id);
CREATE INDEX round_people_other_worker_id ON round_people (other_worker_id);
