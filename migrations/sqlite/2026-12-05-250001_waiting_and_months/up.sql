-- Lists by due date: days since 1970, or the largest number without one. Lists by waiting time: since when a request has
-- its status; of older ones nobody knows, so it is their last change.
ALTER TABLE deliverables ADD COLUMN due_day INTEGER NOT NULL DEFAULT 2147483647;
ALTER TABLE deliverables ADD COLUMN status_since TEXT NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
-- Statistics. Months since the year 0 in Tokyo, of the first day or of the creation; NULL if a publication tells only the
-- fiscal year. Days from opening a request to its complete team; NULL where that isn't known.
ALTER TABLE deliverables ADD COLUMN month INTEGER;
ALTER TABLE deliverables ADD COLUMN days_to_match INTEGER;
UPDATE deliverables SET status_since = updated_at,
    due_day = coalesce(
        CAST(julianday(json_extract(request, '$.request.ends_on')) - 2440587.5 AS INTEGER), 2147483647);
UPDATE deliverables SET month = (
    SELECT CAST(strftime('%Y', day) AS INTEGER) * 12 + CAST(strftime('%m', day) AS INTEGER) - 1
    FROM (SELECT coalesce(json_extract(request, '$.request.starts_on'), date(created_at, '+9 hours')) AS day)
);
UPDATE deliverables SET month = NULL WHERE (month - 3) / 12 <> fiscal_year;
CREATE INDEX deliverables_due_day ON deliverables (due_day, id);
CREATE INDEX deliverables_status_since ON deliverables (status_since, id);
DROP INDEX deliverables_statistics;
CREATE INDEX deliverables_statistics ON deliverables
    (fiscal_year, month, format, area, family, deliverable_type, status, source, archived_at, days_to_match);

-- Statistics. Months since the year 0 in Tokyo.
ALTER TABLE applications ADD COLUMN month INTEGER NOT NULL DEFAULT 0;
UPDATE applications SET month = CAST(strftime('%Y', created_at, '+9 hours') AS INTEGER) * 12
    + CAST(strftime('%m', created_at, '+9 hours') AS INTEGER) - 1;
-- The counts come from this index, joined with the deliverables.
CREATE INDEX applications_statistics ON applications (deliverable_id, sandbox, month, status, role);
