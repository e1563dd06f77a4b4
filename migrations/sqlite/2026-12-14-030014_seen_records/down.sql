DROP TABLE import_seen;
