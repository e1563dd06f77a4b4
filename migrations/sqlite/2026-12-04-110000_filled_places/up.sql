-- Each deliverable knows how many places of each role are taken. No query filters by it.
UPDATE deliverables SET request = json_set(request, '$.filled', json((
    SELECT json_group_object(role, places)
    FROM (
        SELECT role, count(*) AS places FROM applications
        WHERE status = 'accepted' AND deliverable_id = deliverables.id GROUP BY role
    )
)))
WHERE id IN (SELECT deliverable_id FROM applications WHERE status = 'accepted');
