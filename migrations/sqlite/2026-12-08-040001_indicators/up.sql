-- Where figures come from: one file of official statistics each. Days are counted from 1970-01-01.
CREATE TABLE indicator_sources (
    code TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    credit TEXT NOT NULL,
    url TEXT,
    published_on INTEGER,
    figures INTEGER NOT NULL,
    rows_left_out INTEGER NOT NULL,
    digest TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
-- Dated figures of areas. The key is area/indicator/year/kind/source, so that a list is in the order of its key.
CREATE TABLE indicators (
    key TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL REFERENCES indicator_sources (code) ON DELETE CASCADE,
    area TEXT NOT NULL,
    indicator TEXT NOT NULL,
    year INTEGER NOT NULL,
    kind TEXT NOT NULL,
    value INTEGER NOT NULL,
    dated_on INTEGER,
    basis TEXT
) STRICT;
-- The figures of a source, to replace them.
CREATE INDEX indicators_source ON indicators (source, key);
-- One indicator for all areas.
CREATE INDEX indicators_indicator ON indicators (indicator, key);
