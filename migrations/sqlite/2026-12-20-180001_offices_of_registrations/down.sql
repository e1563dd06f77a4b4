DROP INDEX event_registrations_office_area;
ALTER TABLE event_registrations DROP COLUMN office_area;
