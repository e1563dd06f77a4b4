-- What an organization and a member of its team say of each other after the delivery: one review of each side.
CREATE TABLE project_reviews (
    id uuid NOT NULL PRIMARY KEY,
    deliverable_id uuid NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    application_id uuid NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    author text COLLATE "C" NOT NULL,
    communication integer NOT NULL,
    quality integer NOT NULL,
    reliability integer NOT NULL,
    again integer NOT NULL,
    message text COLLATE "C",
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- One review of each side; and whether a side has written.
CREATE UNIQUE INDEX project_reviews_application_id ON project_reviews (application_id, author);
-- The reviews of a project; statistics.
CREATE INDEX project_reviews_deliverable_id ON project_reviews (deliverable_id);
