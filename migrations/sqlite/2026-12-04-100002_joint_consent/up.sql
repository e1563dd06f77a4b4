-- Whether a joint organization has agreed. Those of before count as agreed; a new row without an answer doesn't.
ALTER TABLE deliverable_organizations ADD COLUMN status TEXT NOT NULL DEFAULT 'invited';
UPDATE deliverable_organizations SET status = 'accepted';
UPDATE deliverables SET request = json_set(request, '$.joint_organizations', json((
    SELECT json_group_array(json_object('organization_id', one.value, 'status', 'accepted'))
    FROM json_each(request, '$.request.joint_organization_ids') one
))) WHERE json_array_length(request, '$.request.joint_organization_ids') > 0;
