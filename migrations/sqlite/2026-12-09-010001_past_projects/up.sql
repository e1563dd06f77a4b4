-- Where an accompaniment was imported from; that of another project is its deliverable's. The day of the delivery is counted
-- since 1970 in Tokyo. What was closed had been delivered when its request was, or else at some earlier time that nobody knows.
ALTER TABLE projects ADD COLUMN source TEXT;
ALTER TABLE projects ADD COLUMN external_id TEXT;
ALTER TABLE projects ADD COLUMN delivered_day INTEGER;
UPDATE projects SET delivered_day = CAST(julianday(date(coalesce(
    (SELECT d.status_since FROM deliverables d WHERE d.id = projects.id AND d.status = 'delivered'),
    status_since), '+9 hours')) - 2440587.5 AS INTEGER)
WHERE status IN ('delivered', 'closed');
-- One look-up by what an import calls it.
CREATE UNIQUE INDEX projects_external_id ON projects (source, external_id) WHERE external_id IS NOT NULL;
