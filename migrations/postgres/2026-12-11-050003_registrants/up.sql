-- By what somebody without an account is known: a name with an address, and a name with a number, as keyed digests. Erasing and
-- exporting a person find their registrations by them, and nobody registers twice for an event.
CREATE TABLE event_registrants (
    registration_id uuid NOT NULL REFERENCES event_registrations (id) ON DELETE CASCADE,
    event_id uuid NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    key bigint NOT NULL, -- 0 until the digests of an earlier registration are made
    PRIMARY KEY (registration_id, key)
);
-- The registrations of a person, also those for one event.
CREATE INDEX event_registrants_key ON event_registrants (key, event_id);

INSERT INTO event_registrants (registration_id, event_id, key)
SELECT id, event_id, 0 FROM event_registrations WHERE is_personal AND worker_id IS NULL;

-- Cancelled registrations are found by those digests, too.
DROP INDEX event_registrations_personal_status;
