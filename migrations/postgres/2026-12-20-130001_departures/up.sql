-- Who was taken off the list of an event by those who hold it, as keyed digests: an old list doesn't bring them back. A person has
-- several: of the name, of the address, of the worker. Forgotten with what retention forgets.
CREATE TABLE event_departures (
    person uuid NOT NULL, -- a number for each departure, which leads to nobody
    sign text COLLATE "C" NOT NULL,
    key bigint NOT NULL,
    event_id uuid NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    left_at timestamptz NOT NULL,
    PRIMARY KEY (person, sign, key)
);
-- Whom a row of a list names.
CREATE INDEX event_departures_key ON event_departures (event_id, key);
-- What is to be forgotten.
CREATE INDEX event_departures_left_at ON event_departures (left_at);
