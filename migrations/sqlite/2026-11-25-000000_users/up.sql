-- People who log in, each with one role and where they belong.
CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE, -- in lower case
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    intermediary TEXT NOT NULL,
    areas TEXT NOT NULL,
    organization_id BLOB REFERENCES organizations (id),
    worker_id BLOB UNIQUE REFERENCES workers (id) ON DELETE CASCADE,
    password_hash TEXT, -- Argon2id; null until an invitation is accepted
    last_login_at TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
-- Lists: one index for each filter.
CREATE INDEX users_role ON users (role, id);
CREATE INDEX users_organization_id ON users (organization_id, id);

-- One-time links; the first administrator's has no user yet. A used one is deleted.
CREATE TABLE invitations (
    digest TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the secret
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX invitations_user_id ON invitations (user_id);
CREATE INDEX invitations_expires_at ON invitations (expires_at);

-- A login and all that was refreshed from it: one family of refresh tokens.
CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address TEXT,
    user_agent TEXT,
    created_at TEXT NOT NULL,
    last_used_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;
CREATE INDEX sessions_user_id ON sessions (user_id, id);
-- Purging what has expired.
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Every refresh token that a session had: one that comes a second time was stolen.
CREATE TABLE refresh_tokens (
    digest TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the secret
    session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    used_at TEXT
) STRICT;
CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id);

-- Failed attempts by account and by address; the key is a digest.
CREATE TABLE throttles (
    key TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at TEXT NOT NULL
) STRICT;
CREATE INDEX throttles_last_at ON throttles (last_at);
