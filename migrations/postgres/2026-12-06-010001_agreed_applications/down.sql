ALTER TABLE applications DROP CONSTRAINT applications_check;
DROP INDEX applications_active;
DROP INDEX applications_place;
UPDATE applications SET status = 'accepted' WHERE status = 'agreed' AND place IS NOT NULL;
UPDATE applications SET status = 'submitted', place = NULL
    WHERE status IN ('shortlisted', 'offered', 'waitlisted', 'agreed');
UPDATE applications SET status = 'declined', reason = 'other' WHERE status = 'expired';
ALTER TABLE applications ADD CONSTRAINT applications_check CHECK ((status = 'accepted') = (place IS NOT NULL));
CREATE UNIQUE INDEX applications_active ON applications (deliverable_id, worker_id)
    WHERE status IN ('submitted', 'accepted');
CREATE UNIQUE INDEX applications_place ON applications (deliverable_id, role, place) WHERE status = 'accepted';
