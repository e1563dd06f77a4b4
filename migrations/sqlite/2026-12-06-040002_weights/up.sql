-- The weights that administrators have set, from version 2. Version 1 is the default in the code.
CREATE TABLE weights (
    version INTEGER PRIMARY KEY,
    components TEXT NOT NULL,
    reason TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;
