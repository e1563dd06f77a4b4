DROP TABLE indicators;
DROP TABLE indicator_sources;
