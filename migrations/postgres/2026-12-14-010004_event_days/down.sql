DROP TABLE event_days;
