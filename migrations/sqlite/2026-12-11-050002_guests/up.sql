-- From where guests without an account registered, as a digest that is another one for each event.
CREATE TABLE event_guests (
    registration_id BLOB NOT NULL PRIMARY KEY REFERENCES event_registrations (id) ON DELETE CASCADE,
    event_id BLOB NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    site TEXT NOT NULL
) STRICT;
-- The guests of an event from one site.
CREATE INDEX event_guests_site ON event_guests (event_id, site);
