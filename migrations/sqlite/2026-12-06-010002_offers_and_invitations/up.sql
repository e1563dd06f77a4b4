-- Who asks whom: an application or an invitation; and whose answer it waits for: 'organization', 'worker' or nobody's.
ALTER TABLE applications ADD COLUMN direction TEXT NOT NULL DEFAULT 'application';
ALTER TABLE applications ADD COLUMN awaits TEXT;
-- Until when the answer has to come, when a warning was given, and when the server looks next.
ALTER TABLE applications ADD COLUMN respond_by TEXT;
ALTER TABLE applications ADD COLUMN warned_at TEXT;
ALTER TABLE applications ADD COLUMN next_check_at TEXT;
-- Goal and schedule, and who wants them.
ALTER TABLE applications ADD COLUMN agreement TEXT;
ALTER TABLE applications ADD COLUMN worker_agrees INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN organization_agrees INTEGER NOT NULL DEFAULT 0;
UPDATE applications SET awaits = 'organization',
    respond_by = strftime('%Y-%m-%dT%H:%M:%f000Z', updated_at, '+28 days'),
    next_check_at = strftime('%Y-%m-%dT%H:%M:%f000Z', updated_at, '+14 days') WHERE status = 'submitted';
UPDATE applications SET worker_agrees = 1, organization_agrees = 1 WHERE status = 'agreed';
-- What waits for somebody? What does the server have to look at?
CREATE INDEX applications_awaits ON applications (awaits, id) WHERE awaits IS NOT NULL;
CREATE INDEX applications_next_check_at ON applications (next_check_at) WHERE next_check_at IS NOT NULL;
