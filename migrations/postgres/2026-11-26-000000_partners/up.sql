-- Apps through which volunteers find deliverables.
CREATE TABLE partners (
    id uuid NOT NULL PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE,
    status text COLLATE "C" NOT NULL,
    details jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Two at most, so that one can be renewed while the other is in use.
CREATE TABLE partner_secrets (
    id uuid NOT NULL PRIMARY KEY,
    partner_id uuid NOT NULL REFERENCES partners (id),
    digest text COLLATE "C" NOT NULL, -- SHA-256 of the secret
    created_at timestamptz NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX partner_secrets_partner_id ON partner_secrets (partner_id, id);

-- Requests of the current minute and day.
CREATE TABLE partner_usage (
    partner_id uuid NOT NULL PRIMARY KEY REFERENCES partners (id),
    minute bigint NOT NULL,
    in_minute integer NOT NULL,
    day bigint NOT NULL,
    in_day integer NOT NULL
);

-- What partner apps may show: the organization allowed it.
CREATE TABLE diffused_deliverables (
    deliverable_id uuid NOT NULL PRIMARY KEY REFERENCES deliverables (id) ON DELETE CASCADE
);

-- Through whom someone came, and whether it is for trying only.
ALTER TABLE workers ADD COLUMN partner_id uuid REFERENCES partners (id);
ALTER TABLE workers ADD COLUMN sandbox boolean NOT NULL DEFAULT false;
ALTER TABLE applications ADD COLUMN partner_id uuid REFERENCES partners (id);
ALTER TABLE applications ADD COLUMN sandbox boolean NOT NULL DEFAULT false;
CREATE INDEX workers_partner_id ON workers (partner_id, id);
CREATE INDEX applications_partner_id ON applications (partner_id, id);
