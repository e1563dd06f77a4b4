DROP INDEX erased_people_to_search;
DROP INDEX erased_people_erased_at;
ALTER TABLE erased_people RENAME TO erased_people_before;
CREATE TABLE erased_people (
    key INTEGER NOT NULL PRIMARY KEY,
    erased_at TEXT NOT NULL
) STRICT;
ALTER TABLE erased_people ADD COLUMN is_searched INTEGER NOT NULL DEFAULT 1;
INSERT INTO erased_people (key, erased_at, is_searched)
SELECT key, max(erased_at), min(is_searched) FROM erased_people_before GROUP BY key;
DROP TABLE erased_people_before;
CREATE INDEX erased_people_erased_at ON erased_people (erased_at);
CREATE INDEX erased_people_to_search ON erased_people (erased_at) WHERE NOT is_searched;
