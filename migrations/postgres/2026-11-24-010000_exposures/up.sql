-- Rankings as they were shown, each once a day for each viewer.
CREATE TABLE shown_lists (
    id uuid NOT NULL PRIMARY KEY,
    shown_at timestamptz NOT NULL,
    day integer NOT NULL,
    viewer text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    subject_id uuid NOT NULL,
    digest bigint NOT NULL,
    strength_ppm bigint,
    ndcg_ppm bigint NOT NULL,
    list jsonb NOT NULL
);
CREATE UNIQUE INDEX shown_lists_once ON shown_lists (day, kind, viewer, subject_id, digest);
CREATE INDEX shown_lists_subject ON shown_lists (subject_id, id);

-- What they add up to, by the week. No reference to workers or deliverables: what is erased leaves a bare number.
CREATE TABLE exposures (
    week integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    subject_id uuid NOT NULL,
    shown integer NOT NULL,
    attention_ppm bigint NOT NULL,
    deserved_ppm bigint NOT NULL,
    PRIMARY KEY (week, kind, subject_id)
);
