-- Which organizations agreed to be named in the open data.
ALTER TABLE organizations ADD COLUMN open_data INTEGER NOT NULL DEFAULT 0;
CREATE INDEX organizations_open_data ON organizations (id) WHERE open_data;
