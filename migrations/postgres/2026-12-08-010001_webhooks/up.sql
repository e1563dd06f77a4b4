-- Addresses to which changes are sent. The owner is a partner or a user. `position` is the change up to which deliveries
-- were queued, `mark` tells what the owner saw then.
CREATE TABLE webhooks (
    id uuid NOT NULL PRIMARY KEY,
    partner_id uuid REFERENCES partners (id),
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    enabled boolean NOT NULL,
    details jsonb NOT NULL,
    position bigint NOT NULL,
    mark bigint NOT NULL,
    failures integer NOT NULL,
    failing_since timestamptz,
    off_at timestamptz,
    off_reason text COLLATE "C",
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- The own ones of a caller.
CREATE INDEX webhooks_partner_id ON webhooks (partner_id, id);
CREATE INDEX webhooks_user_id ON webhooks (user_id, id);

-- Signing needs the secret itself, so no digest takes its place.
CREATE TABLE webhook_secrets (
    id uuid NOT NULL PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    secret text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);
CREATE INDEX webhook_secrets_webhook_id ON webhook_secrets (webhook_id, id);

-- Messages to send, and the log of those that were sent. `due_at` is when the next attempt may begin; while one is under
-- way, it is when its lease ends. Null if there is none to come.
CREATE TABLE webhook_deliveries (
    id uuid NOT NULL PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event text COLLATE "C" NOT NULL,
    seq bigint,
    payload text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    attempts integer NOT NULL,
    due_at timestamptz,
    lease uuid,
    first_attempt_at timestamptz,
    last_attempt_at timestamptz,
    outcome jsonb,
    created_at timestamptz NOT NULL
);
-- The log of a webhook, newest first, and with a filter.
CREATE INDEX webhook_deliveries_webhook_id ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_status ON webhook_deliveries (webhook_id, status, id);
-- What is to be sent.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at) WHERE due_at IS NOT NULL;
-- Old ones are deleted.
CREATE INDEX webhook_deliveries_created_at ON webhook_deliveries (status, created_at);
