UPDATE deliverables SET request = request - 'joint_organizations';
ALTER TABLE deliverable_organizations DROP COLUMN status;
