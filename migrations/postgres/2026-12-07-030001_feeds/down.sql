DROP INDEX project_entries_day;
DROP TABLE feeds;
