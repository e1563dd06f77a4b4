-- Whose a digest is: a number for each erasure, which leads to nobody. What two erased people have together names neither of them.
DROP INDEX erased_people_to_search;
DROP INDEX erased_people_erased_at;
ALTER TABLE erased_people RENAME TO erased_people_before;
CREATE TABLE erased_people (
    key INTEGER NOT NULL,
    person BLOB NOT NULL DEFAULT X'00000000000000000000000000000000',
    erased_at TEXT NOT NULL,
    is_searched INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (key, person)
) STRICT;
INSERT INTO erased_people (key, erased_at, is_searched) SELECT key, erased_at, is_searched FROM erased_people_before;
DROP TABLE erased_people_before;
CREATE INDEX erased_people_erased_at ON erased_people (erased_at);
CREATE INDEX erased_people_to_search ON erased_people (erased_at) WHERE NOT is_searched;
