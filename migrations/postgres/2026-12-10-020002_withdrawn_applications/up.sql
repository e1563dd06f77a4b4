-- Of the applications that ended, those that the worker withdrew before there was a place.
ALTER TABLE worker_records ADD COLUMN withdrawn integer NOT NULL DEFAULT 0;
