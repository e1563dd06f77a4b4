-- Whether the digests of whom a registration is of were made. An earlier release makes none.
ALTER TABLE event_registrations ADD COLUMN digested boolean NOT NULL DEFAULT false;
UPDATE event_registrations SET digested = true
WHERE NOT (is_personal OR worker_id IS NOT NULL)
   OR EXISTS (SELECT 1 FROM event_registrants AS r WHERE r.registration_id = event_registrations.id AND r.key <> 0);
-- Those whose digests are yet to be made.
CREATE INDEX event_registrations_undigested ON event_registrations (id) WHERE NOT digested;
