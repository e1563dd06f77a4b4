-- Devices from which somebody has logged in before: nobody else's wrong passwords slow them down.
CREATE TABLE devices (
    digest text COLLATE "C" NOT NULL PRIMARY KEY, -- SHA-256 of the secret in the cookie
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    last_used_at timestamptz NOT NULL
);
-- The newest of one user.
CREATE INDEX devices_user_id ON devices (user_id, last_used_at);
-- Purging what was not used for long.
CREATE INDEX devices_last_used_at ON devices (last_used_at);

-- Who invites, and to what: the page of the link says so.
ALTER TABLE invitations ADD COLUMN invited_by text COLLATE "C" NOT NULL DEFAULT '';
