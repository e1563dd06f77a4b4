-- A fiscal year's programmes, with their calendars.
CREATE TABLE programmes (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    fiscal_year INTEGER NOT NULL,
    record TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
-- Lists of a fiscal year, newest first.
CREATE INDEX programmes_fiscal_year ON programmes (fiscal_year, id);

-- The areas that a programme is for; none means all.
CREATE TABLE programme_areas (
    programme_id BLOB NOT NULL REFERENCES programmes (id) ON DELETE CASCADE,
    area TEXT NOT NULL,
    PRIMARY KEY (programme_id, area)
) STRICT;
-- The programmes of an area.
CREATE INDEX programme_areas_area ON programme_areas (area, programme_id);

-- The steps of calendars.
CREATE TABLE programme_steps (
    id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    day INTEGER NOT NULL,
    title TEXT,
    waits INTEGER NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
-- The steps of a programme; those that wait, oldest first; those from a day on.
CREATE INDEX programme_steps_programme_id ON programme_steps (programme_id);
CREATE INDEX programme_steps_waiting ON programme_steps (id) WHERE waits;
CREATE INDEX programme_steps_day ON programme_steps (day, id);

-- Deliverables and accompaniments that belong to a programme. The project of a deliverable has its id.
CREATE TABLE programme_records (
    record_id BLOB NOT NULL PRIMARY KEY,
    programme_id BLOB NOT NULL REFERENCES programmes (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    added_at TEXT NOT NULL
) STRICT;
-- What belongs to a programme.
CREATE INDEX programme_records_programme_id ON programme_records (programme_id, record_id);
