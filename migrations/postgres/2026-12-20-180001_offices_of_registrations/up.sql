-- The area of the office that registered its staff for an event that it doesn't hold: it sees and withdraws these.
ALTER TABLE event_registrations ADD COLUMN office_area text COLLATE "C";
-- Registrations that the offices of some areas made.
CREATE INDEX event_registrations_office_area ON event_registrations (office_area, id);
