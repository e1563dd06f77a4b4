ALTER TABLE event_registrations DROP COLUMN by_host;
