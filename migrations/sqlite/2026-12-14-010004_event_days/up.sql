-- The days of each time of an event: between them, there is nothing to come to. They are asked of one event at a time.
CREATE TABLE event_days (
    event_id BLOB NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    first_day INTEGER NOT NULL,
    last_day INTEGER NOT NULL,
    PRIMARY KEY (event_id, first_day, last_day)
) STRICT;
-- From the first to the last day, until the times are read.
INSERT INTO event_days (event_id, first_day, last_day)
SELECT id, first_day,
       max(first_day, CAST(julianday(date(ends_at, '+9 hours', '-1 seconds')) - 2440587.5 AS INTEGER))
FROM events;
