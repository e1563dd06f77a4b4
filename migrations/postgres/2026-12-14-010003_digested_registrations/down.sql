DROP INDEX event_registrations_undigested;
ALTER TABLE event_registrations DROP COLUMN digested;
