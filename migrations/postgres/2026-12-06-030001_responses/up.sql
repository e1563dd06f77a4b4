-- How long each application waited for an answer: the day on which it was asked, the day on which the waiting ended, and who
-- answered. Days since 1970 in Tokyo. Applications of sandbox partners have no row.
CREATE TABLE application_responses (
    application_id uuid NOT NULL PRIMARY KEY REFERENCES applications (id) ON DELETE CASCADE,
    deliverable_id uuid NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    asked_on integer NOT NULL,
    ended_on integer,
    answered_by text COLLATE "C"
);
-- The response rate of organizations, by their deliverables.
CREATE INDEX application_responses_deliverable_id ON application_responses (deliverable_id, asked_on, ended_on, answered_by);
-- The response rate of coordinators, by the last year.
CREATE INDEX application_responses_asked_on ON application_responses (asked_on);
-- Of older applications the last move stands for the answer, and the first change in the log says who answered.
INSERT INTO application_responses (application_id, deliverable_id, asked_on, ended_on, answered_by)
SELECT a.id, a.deliverable_id, (a.created_at AT TIME ZONE 'Asia/Tokyo')::date - DATE '1970-01-01',
    CASE WHEN a.status <> 'submitted' THEN (a.updated_at AT TIME ZONE 'Asia/Tokyo')::date - DATE '1970-01-01' END,
    CASE WHEN a.status NOT IN ('submitted', 'withdrawn', 'expired') AND coalesce(a.reason, '') <> 'request_closed'
        THEN coalesce(first.actor, 'unknown') END
FROM applications AS a
LEFT JOIN (
    SELECT DISTINCT ON (entity_id) entity_id, actor FROM changes
    WHERE entity = 'application' AND action = 'updated' ORDER BY entity_id, seq
) AS first ON first.entity_id = a.id::text
WHERE NOT a.sandbox;
