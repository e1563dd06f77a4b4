-- Each deliverable knows how many places of each role are taken. No query filters by it.
UPDATE deliverables d SET request = jsonb_set(d.request, '{filled}', taken.filled)
FROM (
    SELECT deliverable_id, jsonb_object_agg(role, places) AS filled
    FROM (
        SELECT deliverable_id, role, count(*) AS places FROM applications
        WHERE status = 'accepted' GROUP BY deliverable_id, role
    ) roles
    GROUP BY deliverable_id
) taken
WHERE d.id = taken.deliverable_id;
