DROP INDEX applications_statistics;
ALTER TABLE applications DROP COLUMN month;
DROP INDEX deliverables_statistics;
CREATE INDEX deliverables_statistics
    ON deliverables (fiscal_year, format, area, family, deliverable_type, status, source, archived_at);
DROP INDEX deliverables_due_day;
DROP INDEX deliverables_status_since;
ALTER TABLE deliverables DROP COLUMN due_day;
ALTER TABLE deliverables DROP COLUMN status_since;
ALTER TABLE deliverables DROP COLUMN month;
ALTER TABLE deliverables DROP COLUMN days_to_match;
