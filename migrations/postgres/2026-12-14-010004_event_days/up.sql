-- The days of each time of an event: between them, there is nothing to come to. They are asked of one event at a time.
CREATE TABLE event_days (
    event_id uuid NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    first_day integer NOT NULL,
    last_day integer NOT NULL,
    PRIMARY KEY (event_id, first_day, last_day)
);
-- From the first to the last day, until the times are read.
INSERT INTO event_days (event_id, first_day, last_day)
SELECT id, first_day,
       greatest(first_day, ((ends_at - interval '1 second') AT TIME ZONE 'Asia/Tokyo')::date - DATE '1970-01-01')
FROM events;
