DROP TABLE event_guests;
