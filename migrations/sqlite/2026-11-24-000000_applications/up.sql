-- Workers' bids for a place in a deliverable's team. An erased worker's stay, without who it was and what was said.
CREATE TABLE applications (
    id BLOB NOT NULL PRIMARY KEY,
    deliverable_id BLOB NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    worker_id BLOB REFERENCES workers (id) ON DELETE SET NULL,
    role TEXT NOT NULL,
    place INTEGER, -- which of the role's places, from 1
    message TEXT,
    status TEXT NOT NULL,
    reason TEXT,
    note TEXT,
    created_by TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CHECK ((status = 'accepted') = (place IS NOT NULL))
) STRICT;
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
