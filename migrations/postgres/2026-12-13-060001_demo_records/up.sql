-- Whether the demonstration made a record up. Such records are left out of figures unless they are asked for.
ALTER TABLE events ADD COLUMN demo boolean NOT NULL DEFAULT false;
ALTER TABLE press_items ADD COLUMN demo boolean NOT NULL DEFAULT false;
ALTER TABLE programmes ADD COLUMN demo boolean NOT NULL DEFAULT false;
