-- Whether the demonstration made a record up. Such records are left out of figures unless they are asked for.
ALTER TABLE events ADD COLUMN demo INTEGER NOT NULL DEFAULT 0;
ALTER TABLE press_items ADD COLUMN demo INTEGER NOT NULL DEFAULT 0;
ALTER TABLE programmes ADD COLUMN demo INTEGER NOT NULL DEFAULT 0;
