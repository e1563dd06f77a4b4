-- The secret URLs at which users read what concerns them. Only a digest of the secret is stored.
CREATE TABLE feeds (
    id uuid NOT NULL PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL
);
-- A user's own, and those to delete with the user.
CREATE INDEX feeds_user_id ON feeds (user_id, id);
-- Milestones and meetings of many projects from a day on.
CREATE INDEX project_entries_day ON project_entries (kind, day, id);
