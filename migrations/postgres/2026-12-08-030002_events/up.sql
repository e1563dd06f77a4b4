-- Gatherings of any kind. `first_day` and `ends_at` follow from the times; `tags` and `grams` are what lists look for.
CREATE TABLE events (
    id uuid NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    is_public boolean NOT NULL,
    fiscal_year integer NOT NULL,
    first_day integer NOT NULL,
    ends_at timestamptz NOT NULL,
    programme_id uuid REFERENCES programmes (id),
    series text COLLATE "C",
    tags text COLLATE "C" NOT NULL,
    grams text COLLATE "C" NOT NULL,
    record jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- Lists by the first day; of a fiscal year, a programme or a series; what isn't over.
CREATE INDEX events_first_day ON events (first_day, id);
CREATE INDEX events_fiscal_year ON events (fiscal_year, first_day, id);
CREATE INDEX events_programme_id ON events (programme_id, first_day, id);
CREATE INDEX events_series ON events (series, first_day, id);
CREATE INDEX events_ends_at ON events (ends_at);

-- The areas that hold an event; none means all.
CREATE TABLE event_areas (
    event_id uuid NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    area text COLLATE "C" NOT NULL,
    PRIMARY KEY (event_id, area)
);
-- The events of an area.
CREATE INDEX event_areas_area ON event_areas (area, event_id);

-- The organizations that hold an event.
CREATE TABLE event_hosts (
    event_id uuid NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    PRIMARY KEY (event_id, organization_id)
);
-- The events of an organization.
CREATE INDEX event_hosts_organization_id ON event_hosts (organization_id, event_id);

-- The events that an event follows up.
CREATE TABLE event_follows (
    event_id uuid NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    followed_id uuid NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    PRIMARY KEY (event_id, followed_id)
);
-- What follows up an event.
CREATE INDEX event_follows_followed_id ON event_follows (followed_id, event_id);

-- Who comes to events. `person_key` tells who it is, so that nobody registers twice.
CREATE TABLE event_registrations (
    id uuid NOT NULL PRIMARY KEY,
    event_id uuid NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    status text COLLATE "C" NOT NULL,
    worker_id uuid,
    organization_id uuid,
    partner_id uuid,
    person_key text COLLATE "C",
    places integer NOT NULL,
    wants_consultation boolean NOT NULL,
    personal jsonb NOT NULL,
    is_personal boolean NOT NULL,
    secret_digest text COLLATE "C",
    answered boolean NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
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
    id uuid NOT NULL PRIMARY KEY,
    event_id uuid NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    answers jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX event_answers_event_id ON event_answers (event_id, id);
