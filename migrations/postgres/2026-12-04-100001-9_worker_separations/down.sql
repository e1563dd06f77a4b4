DROP INDEX organizations_kept;
DROP TABLE worker_separations;
