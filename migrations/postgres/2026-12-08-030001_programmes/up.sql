-- A fiscal year's programmes, with their calendars.
CREATE TABLE programmes (
    id uuid NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    fiscal_year integer NOT NULL,
    record jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- Lists of a fiscal year, newest first.
CREATE INDEX programmes_fiscal_year ON programmes (fiscal_year, id);

-- The areas that a programme is for; none means all.
CREATE TABLE programme_areas (
    programme_id uuid NOT NULL REFERENCES programmes (id) ON DELETE CASCADE,
    area text COLLATE "C" NOT NULL,
    PRIMARY KEY (programme_id, area)
);
-- The programmes of an area.
CREATE INDEX programme_areas_area ON programme_areas (area, programme_id);

-- The steps of calendars.
CREATE TABLE programme_steps (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id) ON DELETE CASCADE,
    kind text COLLATE "C" NOT NULL,
    day integer NOT NULL,
    title text COLLATE "C",
    waits boolean NOT NULL,
    created_at timestamptz NOT NULL
);
-- The steps of a programme; those that wait, oldest first; those from a day on.
CREATE INDEX programme_steps_programme_id ON programme_steps (programme_id);
CREATE INDEX programme_steps_waiting ON programme_steps (id) WHERE waits;
CREATE INDEX programme_steps_day ON programme_steps (day, id);

-- Deliverables and accompaniments that belong to a programme. The project of a deliverable has its id.
CREATE TABLE programme_records (
    record_id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id) ON DELETE CASCADE,
    kind text COLLATE "C" NOT NULL,
    added_at timestamptz NOT NULL
);
-- What belongs to a programme.
CREATE INDEX programme_records_programme_id ON programme_records (programme_id, record_id);
