-- What was accepted is agreed. An offer holds a place too, and applications may wait for one. Those of sandbox partners never
-- hold one.
ALTER TABLE applications DROP CONSTRAINT applications_check;
DROP INDEX applications_active;
DROP INDEX applications_place;
UPDATE applications SET status = 'agreed' WHERE status = 'accepted';
ALTER TABLE applications ADD CONSTRAINT applications_check
    CHECK ((status IN ('offered', 'agreed') AND NOT sandbox) = (place IS NOT NULL));
-- One bid at a time of a worker for a deliverable, and one worker in each place.
CREATE UNIQUE INDEX applications_active ON applications (deliverable_id, worker_id)
    WHERE status IN ('submitted', 'shortlisted', 'offered', 'agreed', 'waitlisted');
CREATE UNIQUE INDEX applications_place ON applications (deliverable_id, role, place) WHERE place IS NOT NULL;
