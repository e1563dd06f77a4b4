-- Which organizations agreed to be named in the open data.
ALTER TABLE organizations ADD COLUMN open_data boolean NOT NULL DEFAULT false;
CREATE INDEX organizations_open_data ON organizations (id) WHERE open_data;
