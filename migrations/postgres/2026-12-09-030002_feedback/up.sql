-- What readers think of publications. Nothing says who wrote it.
CREATE TABLE publication_feedback (
    id uuid NOT NULL PRIMARY KEY,
    publication_id uuid NOT NULL REFERENCES press_items (id) ON DELETE CASCADE,
    scale integer NOT NULL,
    role text COLLATE "C" NOT NULL,
    words text COLLATE "C",
    created_at timestamptz NOT NULL
);
-- The feedback on a publication, the newest first; its marks.
CREATE INDEX publication_feedback_publication_id ON publication_feedback (publication_id, id);
CREATE INDEX publication_feedback_marks ON publication_feedback (publication_id, role, scale);
-- Words to forget.
CREATE INDEX publication_feedback_words ON publication_feedback (created_at) WHERE words IS NOT NULL;
