-- When an application was declined, withdrawn or expired, and who did it. What ended before is filled from the audit, as far as
-- that says so.
ALTER TABLE applications ADD COLUMN closed_at TEXT;
ALTER TABLE applications ADD COLUMN closed_by TEXT;
UPDATE applications SET (closed_at, closed_by) = (
    SELECT audit.occurred_at, audit.actor
    FROM audit_subjects JOIN audit ON audit.seq = audit_subjects.seq
    WHERE audit_subjects.subject_id = applications.id AND audit.action = 'application.closed'
    ORDER BY audit.seq DESC LIMIT 1
) WHERE status IN ('declined', 'withdrawn', 'expired');
