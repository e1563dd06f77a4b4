-- Whether the files of imports were searched for the person. An earlier release does it at once.
ALTER TABLE erased_people ADD COLUMN is_searched INTEGER NOT NULL DEFAULT 1;
CREATE INDEX erased_people_to_search ON erased_people (erased_at) WHERE NOT is_searched;
-- The digests are made in another way now. Files that have none are forgotten with the next person who is erased.
DELETE FROM import_people;
DELETE FROM erased_people;
