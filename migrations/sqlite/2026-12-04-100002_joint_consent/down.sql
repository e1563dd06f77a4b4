UPDATE deliverables SET request = json_remove(request, '$.joint_organizations');
ALTER TABLE deliverable_organizations DROP COLUMN status;
