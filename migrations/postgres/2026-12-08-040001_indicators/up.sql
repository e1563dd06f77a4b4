-- Where figures come from: one file of official statistics each. Days are counted from 1970-01-01.
CREATE TABLE indicator_sources (
    code text COLLATE "C" NOT NULL PRIMARY KEY,
    title text NOT NULL,
    credit text NOT NULL,
    url text,
    published_on integer,
    figures bigint NOT NULL,
    rows_left_out bigint NOT NULL,
    digest text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL
);
-- Dated figures of areas. The key is area/indicator/year/kind/source, so that a list is in the order of its key.
CREATE TABLE indicators (
    key text COLLATE "C" NOT NULL PRIMARY KEY,
    source text COLLATE "C" NOT NULL REFERENCES indicator_sources (code) ON DELETE CASCADE,
    area text COLLATE "C" NOT NULL,
    indicator text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    value bigint NOT NULL,
    dated_on integer,
    basis text
);
-- The figures of a source, to replace them.
CREATE INDEX indicators_source ON indicators (source, key);
-- One indicator for all areas.
CREATE INDEX indicators_indicator ON indicators (indicator, key);
