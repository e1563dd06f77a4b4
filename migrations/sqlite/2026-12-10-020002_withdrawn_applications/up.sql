-- Of the applications that ended, those that the worker withdrew before there was a place.
ALTER TABLE worker_records ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
