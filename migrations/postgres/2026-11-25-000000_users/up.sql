-- People who log in, each with one role and where they belong.
CREATE TABLE users (
    id uuid NOT NULL PRIMARY KEY,
    email text COLLATE "C" NOT NULL UNIQUE, -- in lower case
    name text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    intermediary jsonb NOT NULL,
    areas jsonb NOT NULL,
    organization_id uuid REFERENCES organizations (id),
    worker_id uuid UNIQUE REFERENCES workers (id) ON DELETE CASCADE,
    password_hash text COLLATE "C", -- Argon2id; null until an invitation is accepted
    last_login_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- Lists: one index for each filter.
CREATE INDEX users_role ON users (role, id);
CREATE INDEX users_organization_id ON users (organization_id, id);

-- One-time links; the first administrator's has no user yet. A used one is deleted.
CREATE TABLE invitations (
    digest text COLLATE "C" NOT NULL PRIMARY KEY, -- SHA-256 of the secret
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX invitations_user_id ON invitations (user_id);
CREATE INDEX invitations_expires_at ON invitations (expires_at);

-- A login and all that was refreshed from it: one family of refresh tokens.
CREATE TABLE sessions (
    id uuid NOT NULL PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address text COLLATE "C",
    user_agent text COLLATE "C",
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX sessions_user_id ON sessions (user_id, id);
-- Purging what has expired.
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Every refresh token that a session had: one that comes a second time was stolen.
CREATE TABLE refresh_tokens (
    digest text COLLATE "C" NOT NULL PRIMARY KEY, -- SHA-256 of the secret
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id);

-- Failed attempts by account and by address; the key is a digest.
CREATE TABLE throttles (
    key text COLLATE "C" NOT NULL PRIMARY KEY,
    failures integer NOT NULL,
    last_at timestamptz NOT NULL
);
CREATE INDEX throttles_last_at ON throttles (last_at);
