-- Addresses to which changes are sent. The owner is a partner or a user. `position` is the change up to which deliveries
-- were queued, `mark` tells what the owner saw then.
CREATE TABLE webhooks (
    id BLOB NOT NULL PRIMARY KEY,
    partner_id BLOB REFERENCES partners (id),
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    enabled INTEGER NOT NULL,
    details TEXT NOT NULL,
    position INTEGER NOT NULL,
    mark INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    failing_since TEXT,
    off_at TEXT,
    off_reason TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
-- The own ones of a caller.
CREATE INDEX webhooks_partner_id ON webhooks (partner_id, id);
CREATE INDEX webhooks_user_id ON webhooks (user_id, id);

-- Signing needs the secret itself, so no digest takes its place.
CREATE TABLE webhook_secrets (
    id BLOB NOT NULL PRIMARY KEY,
    webhook_id BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    secret TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT
) STRICT;
CREATE INDEX webhook_secrets_webhook_id ON webhook_secrets (webhook_id, id);

-- Messages to send, and the log of those that were sent. `due_at` is when the next attempt may begin; while one is under
-- way, it is when its lease ends. Null if there is none to come.
CREATE TABLE webhook_deliveries (
    id BLOB NOT NULL PRIMARY KEY,
    webhook_id BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event TEXT NOT NULL,
    seq INTEGER,
    payload TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at TEXT,
    lease BLOB,
    first_attempt_at TEXT,
    last_attempt_at TEXT,
    outcome TEXT,
    created_at TEXT NOT NULL
) STRICT;
-- The log of a webhook, newest first, and with a filter.
CREATE INDEX webhook_deliveries_webhook_id ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_status ON webhook_deliveries (webhook_id, status, id);
-- What is to be sent.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at) WHERE due_at IS NOT NULL;
-- Old ones are deleted.
CREATE INDEX webhook_deliveries_created_at ON webhook_deliveries (status, created_at);
