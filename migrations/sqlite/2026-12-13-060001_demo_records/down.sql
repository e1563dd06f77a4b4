ALTER TABLE programmes DROP COLUMN demo;
ALTER TABLE press_items DROP COLUMN demo;
ALTER TABLE events DROP COLUMN demo;
