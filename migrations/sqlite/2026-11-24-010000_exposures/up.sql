-- Rankings as they were shown, each once a day for each viewer.
CREATE TABLE shown_lists (
    id BLOB NOT NULL PRIMARY KEY,
    shown_at TEXT NOT NULL,
    day INTEGER NOT NULL,
    viewer TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    digest INTEGER NOT NULL,
    strength_ppm INTEGER,
    ndcg_ppm INTEGER NOT NULL,
    list TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX shown_lists_once ON shown_lists (day, kind, viewer, subject_id, digest);
CREATE INDEX shown_lists_subject ON shown_lists (subject_id, id);

-- What they add up to, by the week. No reference to workers or deliverables: what is erased leaves a bare number.
CREATE TABLE exposures (
    week INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    shown INTEGER NOT NULL,
    attention_ppm INTEGER NOT NULL,
    deserved_ppm INTEGER NOT NULL,
    PRIMARY KEY (week, kind, subject_id)
) STRICT;
