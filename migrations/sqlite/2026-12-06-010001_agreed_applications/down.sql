CREATE TABLE applications_accepted (
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
    partner_id BLOB REFERENCES partners (id),
    sandbox INTEGER NOT NULL DEFAULT 0,
    month INTEGER NOT NULL DEFAULT 0,
    CHECK ((status = 'accepted') = (place IS NOT NULL))
) STRICT;
INSERT INTO applications_accepted
    (id, deliverable_id, worker_id, role, place, message, status, reason, note, created_by, version,
    created_at, updated_at, partner_id, sandbox, month)
SELECT id, deliverable_id, worker_id, role, CASE status WHEN 'agreed' THEN place END, message,
    CASE WHEN status = 'agreed' AND place IS NOT NULL THEN 'accepted'
        WHEN status IN ('shortlisted', 'offered', 'waitlisted', 'agreed') THEN 'submitted'
        WHEN status = 'expired' THEN 'declined' ELSE status END,
    CASE status WHEN 'expired' THEN 'other' ELSE reason END, note, created_by, version,
    created_at, updated_at, partner_id, sandbox, month
FROM applications;
DROP TABLE applications;
ALTER TABLE applications_accepted RENAME TO applications;
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
CREATE INDEX applications_partner_id ON applications (partner_id, id);
-- Statistics.
CREATE INDEX applications_statistics ON applications (deliverable_id, sandbox, month, status, role);
