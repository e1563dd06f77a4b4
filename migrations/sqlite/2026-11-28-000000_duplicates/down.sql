DROP INDEX workers_merged_into;
ALTER TABLE workers DROP COLUMN merged_into;
DROP TABLE duplicates;
DROP TABLE worker_identifiers;
