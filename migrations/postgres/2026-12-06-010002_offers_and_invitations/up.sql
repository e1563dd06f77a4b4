-- Who asks whom: an application or an invitation; and whose answer it waits for: 'organization', 'worker' or nobody's.
ALTER TABLE applications ADD COLUMN direction text COLLATE "C" NOT NULL DEFAULT 'application';
ALTER TABLE applications ADD COLUMN awaits text COLLATE "C";
-- Until when the answer has to come, when a warning was given, and when the server looks next.
ALTER TABLE applications ADD COLUMN respond_by timestamptz;
ALTER TABLE applications ADD COLUMN warned_at timestamptz;
ALTER TABLE applications ADD COLUMN next_check_at timestamptz;
-- Goal and schedule, and who wants them.
ALTER TABLE applications ADD COLUMN agreement jsonb;
ALTER TABLE applications ADD COLUMN worker_agrees boolean NOT NULL DEFAULT false;
ALTER TABLE applications ADD COLUMN organization_agrees boolean NOT NULL DEFAULT false;
UPDATE applications SET awaits = 'organization', respond_by = updated_at + interval '28 days',
    next_check_at = updated_at + interval '14 days' WHERE status = 'submitted';
UPDATE applications SET worker_agrees = true, organization_agrees = true WHERE status = 'agreed';
-- What waits for somebody? What does the server have to look at?
CREATE INDEX applications_awaits ON applications (awaits, id) WHERE awaits IS NOT NULL;
CREATE INDEX applications_next_check_at ON applications (next_check_at) WHERE next_check_at IS NOT NULL;
