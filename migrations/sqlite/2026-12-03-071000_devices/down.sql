ALTER TABLE invitations DROP COLUMN invited_by;
DROP TABLE devices;
