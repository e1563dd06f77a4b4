-- Lists by due date: days since 1970, or the largest number without one. Lists by waiting time: since when a request has
-- its status; of older ones nobody knows, so it is their last change.
ALTER TABLE deliverables ADD COLUMN due_day integer NOT NULL DEFAULT 2147483647;
ALTER TABLE deliverables ADD COLUMN status_since timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z';
-- Statistics. Months since the year 0 in Tokyo, of the first day or of the creation; NULL if a publication tells only the
-- fiscal year. Days from opening a request to its complete team; NULL where that isn't known.
ALTER TABLE deliverables ADD COLUMN month integer;
ALTER TABLE deliverables ADD COLUMN days_to_match integer;
UPDATE deliverables SET status_since = updated_at,
    due_day = coalesce(CAST(request #>> '{request,ends_on}' AS date) - date '1970-01-01', 2147483647);
UPDATE deliverables d SET month = days.month FROM (
    SELECT id, CAST(extract(year FROM day) * 12 + extract(month FROM day) - 1 AS integer) AS month FROM (
        SELECT id, coalesce(
            CAST(request #>> '{request,starts_on}' AS date), CAST(created_at AT TIME ZONE 'Asia/Tokyo' AS date)) AS day
        FROM deliverables
    ) first_days
) days
WHERE d.id = days.id AND (days.month - 3) / 12 = d.fiscal_year;
CREATE INDEX deliverables_due_day ON deliverables (due_day, id);
CREATE INDEX deliverables_status_since ON deliverables (status_since, id);
DROP INDEX deliverables_statistics;
CREATE INDEX deliverables_statistics ON deliverables
    (fiscal_year, month, format, area, family, deliverable_type, status, source, archived_at, days_to_match);

-- Statistics. Months since the year 0 in Tokyo.
ALTER TABLE applications ADD COLUMN month integer NOT NULL DEFAULT 0;
UPDATE applications SET month = CAST(extract(year FROM created_at AT TIME ZONE 'Asia/Tokyo') * 12
    + extract(month FROM created_at AT TIME ZONE 'Asia/Tokyo') - 1 AS integer);
-- The counts come from this index, joined with the deliverables.
CREATE INDEX applications_statistics ON applications (deliverable_id, sandbox, month, status, role);
