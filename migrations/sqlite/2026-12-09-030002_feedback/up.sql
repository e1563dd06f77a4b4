-- What readers think of publications. Nothing says who wrote it.
CREATE TABLE publication_feedback (
    id BLOB NOT NULL PRIMARY KEY,
    publication_id BLOB NOT NULL REFERENCES press_items (id) ON DELETE CASCADE,
    scale INTEGER NOT NULL,
    role TEXT NOT NULL,
    words TEXT,
    created_at TEXT NOT NULL
) STRICT;
-- The feedback on a publication, the newest first; its marks.
CREATE INDEX publication_feedback_publication_id ON publication_feedback (publication_id, id);
CREATE INDEX publication_feedback_marks ON publication_feedback (publication_id, role, scale);
-- Words to forget.
CREATE INDEX publication_feedback_words ON publication_feedback (created_at) WHERE words IS NOT NULL;
