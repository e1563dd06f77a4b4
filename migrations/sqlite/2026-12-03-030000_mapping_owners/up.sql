-- Everyone has their own mappings; administrators save those for everyone, without an owner.
CREATE TABLE import_mappings_by_owner (
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    mapping TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    owner TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (source, kind, owner)
) STRICT;
INSERT INTO import_mappings_by_owner (source, kind, mapping, version, updated_by, updated_at, owner)
SELECT source, kind, mapping, version, updated_by, updated_at,
    CASE WHEN updated_by LIKE 'admin:%' THEN '' ELSE updated_by END
FROM import_mappings;
DROP TABLE import_mappings;
ALTER TABLE import_mappings_by_owner RENAME TO import_mappings;
