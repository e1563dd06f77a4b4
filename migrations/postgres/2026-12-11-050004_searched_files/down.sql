DROP INDEX erased_people_to_search;
ALTER TABLE erased_people DROP COLUMN is_searched;
