DROP INDEX organizations_open_data;
ALTER TABLE organizations DROP COLUMN open_data;
