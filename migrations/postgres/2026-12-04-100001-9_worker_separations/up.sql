-- It contracts: a server of the previous release would write profiles without these rows, so it must not go on.
--
-- Whom a profile keeps apart from which organization: what it lists as blocked or in conflict, promoted from it for the
-- conditions of reach. An id may name an organization that doesn't exist.
CREATE TABLE worker_separations (
    worker_id uuid NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    organization_id uuid NOT NULL,
    PRIMARY KEY (worker_id, organization_id)
);
-- Whom an organization may not see.
CREATE INDEX worker_separations_organization_id ON worker_separations (organization_id, worker_id);
INSERT INTO worker_separations (worker_id, organization_id)
SELECT id, jsonb_array_elements_text(profile -> 'blocked_organization_ids')::uuid FROM workers
UNION
SELECT id, jsonb_array_elements_text(profile -> 'conflict_organization_ids')::uuid FROM workers;
-- All records of one organization.
CREATE INDEX organizations_kept ON organizations (coalesce(merged_into, id));
