DROP TABLE event_answers;
DROP TABLE event_registrations;
DROP TABLE event_follows;
DROP TABLE event_hosts;
DROP TABLE event_areas;
DROP TABLE events;
