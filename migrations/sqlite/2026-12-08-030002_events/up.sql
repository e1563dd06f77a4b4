-- Gatherings of any kind. `first_day` and `ends_at` follow from the times; `tags` and `grams` are what lists look for.
CREATE TABLE events (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    is_public INTEGER NOT NULL,
    fiscal_year INTEGER NOT NULL,
    first_day INTEGER NOT NULL,
    ends_at TEXT NOT NULL,
    programme_id BLOB REFERENCES programmes (id),
    series TEXT,
    tags TEXT NOT NULL,
    grams TEXT NOT NULL,
    record TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
-- Lists by the first day; of a fiscal year, a programme or a series; what isn't over.
CREATE INDEX events_first_day ON events (first_day, id);
CREATE INDEX events_fiscal_year ON events (fiscal_year, first_day, id);
CREATE INDEX events_programme_id ON events (programme_id, first_day, id);
CREATE INDEX events_series ON events (series, first_day, id);
CREATE INDEX events_ends_at ON events (ends_at);

-- The areas that hold an event; none means all.
CREATE TABLE event_areas (
    event_id BLOB NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    area TEXT NOT NULL,
    PRIMARY KEY (event_id, area)
) STRICT;
-- The events of an area.
CREATE INDEX event_areas_area ON event_areas (area, event_id);

-- The organizations that hold an event.
CREATE TABLE event_hosts (
    event_id BLOB NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    PRIMARY KEY (event_id, organization_id)
) STRICT;
-- The events of an organization.
CREATE INDEX event_hosts_organization_id ON event_hosts (organization_id, event_id);

-- The events that an event follows up.
CREATE TABLE event_follows (
    event_id BLOB NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    followed_id BLOB NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    PRIMARY KEY (event_id, followed_id)
) STRICT;
-- What follows up an event.
CREATE INDEX event_follows_followed_id ON event_follows (followed_id, event_id);

-- Who comes to events. `person_key` tells who it is, so that nobody registers twice.
CREATE TABLE event_registrations (
    id BLOB NOT NULL PRIMARY KEY,
    event_id BLOB NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    worker_id BLOB,
    organization_id BLOB,
    partner_id BLOB,
    person_key TEXT,
    places INTEGER NOT NULL,
    wants_consultation INTEGER NOT NULL,
    personal TEXT NOT NULL,
    is_personal INTEGER NOT NULL,
    secret_digest TEXT,
    answered INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
-- The registrations of an event, in their order; those that wait; whether somebody is registered.
CREATE INDEX event_registrations_event_id ON event_registrations (event_id, id);
CREATE INDEX event_registrations_status ON event_registrations (event_id, status, id);
CREATE UNIQUE INDEX event_registrations_person_key ON event_registrations (event_id, person_key);
-- Those of a worker, an organization, a partner; the one with a secret; those that hold personal data.
CREATE INDEX event_registrations_worker_id ON event_registrations (worker_id, id);
CREATE INDEX event_registrations_organization_id ON event_registrations (organization_id, id);
CREATE INDEX event_registrations_partner_id ON event_registrations (partner_id, id);
CREATE INDEX event_registrations_secret_digest ON event_registrations (secret_digest);
CREATE INDEX event_registrations_personal ON event_registrations (event_id) WHERE is_personal;

-- Answers to questionnaires, without who gave them.
CREATE TABLE event_answers (
    id BLOB NOT NULL PRIMARY KEY,
    event_id BLOB NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    answers TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX event_answers_event_id ON event_answers (event_id, id);
