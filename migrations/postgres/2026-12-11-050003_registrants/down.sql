CREATE INDEX event_registrations_personal_status ON event_registrations (status, id) WHERE is_personal;
DROP TABLE event_registrants;
