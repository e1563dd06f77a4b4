-- Whether a joint organization has agreed. Those of before count as agreed; a new row without an answer doesn't.
ALTER TABLE deliverable_organizations ADD COLUMN status text COLLATE "C" NOT NULL DEFAULT 'invited';
UPDATE deliverable_organizations SET status = 'accepted';
UPDATE deliverables SET request = jsonb_set(request, '{joint_organizations}', (
    SELECT jsonb_agg(jsonb_build_object('organization_id', one.value, 'status', 'accepted'))
    FROM jsonb_array_elements(request #> '{request,joint_organization_ids}') one
)) WHERE jsonb_array_length(request #> '{request,joint_organization_ids}') > 0;
