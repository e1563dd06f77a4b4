-- What an organization and a member of its team say of each other after the delivery: one review of each side.
CREATE TABLE project_reviews (
    id BLOB NOT NULL PRIMARY KEY,
    deliverable_id BLOB NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    author TEXT NOT NULL,
    communication INTEGER NOT NULL,
    quality INTEGER NOT NULL,
    reliability INTEGER NOT NULL,
    again INTEGER NOT NULL,
    message TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
-- One review of each side; and whether a side has written.
CREATE UNIQUE INDEX project_reviews_application_id ON project_reviews (application_id, author);
-- The reviews of a project; statistics.
CREATE INDEX project_reviews_deliverable_id ON project_reviews (deliverable_id);
