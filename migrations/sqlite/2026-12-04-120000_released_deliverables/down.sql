DROP TABLE released_deliverables;
