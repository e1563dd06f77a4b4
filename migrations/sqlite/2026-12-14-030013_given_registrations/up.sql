-- Whether those who hold the event gave these places away: they take nothing of what an organization or a person may register.
ALTER TABLE event_registrations ADD COLUMN by_host INTEGER NOT NULL DEFAULT 0;
