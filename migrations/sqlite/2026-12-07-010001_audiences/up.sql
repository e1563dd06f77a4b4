-- Who saw the record of a change before and after it. Null for kinds that have no audience of their own, and in rows of
-- earlier releases.
ALTER TABLE changes ADD COLUMN seen_before TEXT;
ALTER TABLE changes ADD COLUMN seen_after TEXT;
-- What is older than the log is kept.
CREATE INDEX changes_at ON changes (at);

-- Who sees each record now: words such as area:131041.
CREATE TABLE audiences (
    entity TEXT NOT NULL,
    entity_id BLOB NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (entity, entity_id)
) STRICT;
