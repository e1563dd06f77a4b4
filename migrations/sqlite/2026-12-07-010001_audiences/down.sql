-- Going forward again fills them again.
DELETE FROM followers WHERE name = 'audiences';
DROP TABLE audiences;
DROP INDEX changes_at;
ALTER TABLE changes DROP COLUMN seen_after;
ALTER TABLE changes DROP COLUMN seen_before;
