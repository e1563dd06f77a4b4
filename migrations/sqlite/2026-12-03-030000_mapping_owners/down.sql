-- One mapping per source and kind: the one for everyone, or else the newest.
CREATE TABLE import_mappings_by_source (
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    mapping TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (source, kind)
) STRICT;
INSERT OR IGNORE INTO import_mappings_by_source (source, kind, mapping, version, updated_by, updated_at)
SELECT source, kind, mapping, version, updated_by, updated_at FROM import_mappings
ORDER BY owner <> '', updated_at DESC, owner DESC;
DROP TABLE import_mappings;
ALTER TABLE import_mappings_by_source RENAME TO import_mappings;
