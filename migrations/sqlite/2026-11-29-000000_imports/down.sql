DROP INDEX organization_names_name_key;
DROP TABLE import_mappings;
DROP TABLE imported_records;
DROP TABLE import_writes;
DROP TABLE import_findings;
DROP TABLE import_chunks;
DROP TABLE import_jobs;
