-- Workers' bids for a place in a deliverable's team. An erased worker's stay, without who it was and what was said.
CREATE TABLE applications (
    id uuid NOT NULL PRIMARY KEY,
    deliverable_id uuid NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    worker_id uuid REFERENCES workers (id) ON DELETE SET NULL,
    role text COLLATE "C" NOT NULL,
    place integer, -- which of the role's places, from 1
    message text COLLATE "C",
    status text COLLATE "C" NOT NULL,
    reason text COLLATE "C",
    note text COLLATE "C",
    created_by text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((status = 'accepted') = (place IS NOT NULL))
);
-- One bid at a time of a worker for a deliverable, and one worker in each place.
CREATE UNIQUE INDEX applications_active ON applications (deliverable_id, worker_id)
    WHERE status IN ('submitted', 'accepted');
CREATE UNIQUE INDEX applications_place ON applications (deliverable_id, role, place) WHERE status = 'accepted';
-- Lists: one index for each filter and each order.
CREATE INDEX applications_deliverable_id ON applications (deliverable_id, id);
CREATE INDEX applications_worker_id ON applications (worker_id, id);
CREATE INDEX applications_status ON applications (status, id);
CREATE INDEX applications_role ON applications (role, id);
CREATE INDEX applications_updated_at ON applications (updated_at, id);
