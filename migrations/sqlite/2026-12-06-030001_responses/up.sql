-- How long each application waited for an answer: the day on which it was asked, the day on which the waiting ended, and who
-- answered. Days since 1970 in Tokyo. Applications of sandbox partners have no row.
CREATE TABLE application_responses (
    application_id BLOB NOT NULL PRIMARY KEY REFERENCES applications (id) ON DELETE CASCADE,
    deliverable_id BLOB NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    asked_on INTEGER NOT NULL,
    ended_on INTEGER,
    answered_by TEXT
) STRICT;
-- The response rate of organizations, by their deliverables.
CREATE INDEX application_responses_deliverable_id ON application_responses (deliverable_id, asked_on, ended_on, answered_by);
-- The response rate of coordinators, by the last year.
CREATE INDEX application_responses_asked_on ON application_responses (asked_on);
-- Of older applications the last move stands for the answer, and the first change in the log says who answered.
INSERT INTO application_responses (application_id, deliverable_id, asked_on, ended_on, answered_by)
SELECT a.id, a.deliverable_id, CAST(julianday(date(a.created_at, '+9 hours')) - 2440587.5 AS INTEGER),
    CASE WHEN a.status <> 'submitted' THEN CAST(julianday(date(a.updated_at, '+9 hours')) - 2440587.5 AS INTEGER) END,
    CASE WHEN a.status NOT IN ('submitted', 'withdrawn', 'expired') AND coalesce(a.reason, '') <> 'request_closed'
        THEN coalesce(first.actor, 'unknown') END
FROM applications AS a
LEFT JOIN (
    -- SQLite takes the actor from the row with the smallest seq.
    SELECT replace(entity_id, '-', '') AS id, actor, min(seq) FROM changes
    WHERE entity = 'application' AND action = 'updated' GROUP BY entity_id
) AS first ON first.id = lower(hex(a.id))
WHERE NOT a.sandbox;
