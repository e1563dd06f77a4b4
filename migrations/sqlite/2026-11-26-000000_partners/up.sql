-- Apps through which volunteers find deliverables.
CREATE TABLE partners (
    id BLOB NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    details TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- Two at most, so that one can be renewed while the other is in use.
CREATE TABLE partner_secrets (
    id BLOB NOT NULL PRIMARY KEY,
    partner_id BLOB NOT NULL REFERENCES partners (id),
    digest TEXT NOT NULL, -- SHA-256 of the secret
    created_at TEXT NOT NULL,
    last_used_at TEXT
) STRICT;
CREATE INDEX partner_secrets_partner_id ON partner_secrets (partner_id, id);

-- Requests of the current minute and day.
CREATE TABLE partner_usage (
    partner_id BLOB NOT NULL PRIMARY KEY REFERENCES partners (id),
    minute INTEGER NOT NULL,
    in_minute INTEGER NOT NULL,
    day INTEGER NOT NULL,
    in_day INTEGER NOT NULL
) STRICT;

-- What partner apps may show: the organization allowed it.
CREATE TABLE diffused_deliverables (
    deliverable_id BLOB NOT NULL PRIMARY KEY REFERENCES deliverables (id) ON DELETE CASCADE
) STRICT;

-- Through whom someone came, and whether it is for trying only.
ALTER TABLE workers ADD COLUMN partner_id BLOB REFERENCES partners (id);
ALTER TABLE workers ADD COLUMN sandbox INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN partner_id BLOB REFERENCES partners (id);
ALTER TABLE applications ADD COLUMN sandbox INTEGER NOT NULL DEFAULT 0;
CREATE INDEX workers_partner_id ON workers (partner_id, id);
CREATE INDEX applications_partner_id ON applications (partner_id, id);
