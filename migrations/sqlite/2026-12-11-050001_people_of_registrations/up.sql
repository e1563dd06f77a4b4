-- The registrations of somebody who is erased: by what tells who it is, and those that were cancelled and still say it.
CREATE INDEX event_registrations_person ON event_registrations (person_key);
CREATE INDEX event_registrations_personal_status ON event_registrations (status, id) WHERE is_personal;
