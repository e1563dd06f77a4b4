-- What is shown to everybody: cards of projects, posts and publications.
CREATE TABLE press_items (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    is_released INTEGER NOT NULL,
    listed_at TEXT NOT NULL,
    month INTEGER NOT NULL,
    fiscal_year INTEGER NOT NULL,
    area TEXT,
    organization_id BLOB,
    project_id BLOB,
    deliverable_type TEXT,
    number INTEGER,
    grams TEXT NOT NULL,
    record TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
-- Lists, the newest first; how many were published in a month.
CREATE INDEX press_items_listed_at ON press_items (listed_at, id);
CREATE INDEX press_items_month ON press_items (month, kind) WHERE is_released;
-- A project has one card. Newsletters by their number. Cards of an organization.
CREATE UNIQUE INDEX press_items_project_id ON press_items (project_id);
CREATE INDEX press_items_number ON press_items (number);
CREATE INDEX press_items_organization_id ON press_items (organization_id);

-- How often a record that is shown to everybody was read in a month.
CREATE TABLE page_views (
    kind TEXT NOT NULL,
    record_id BLOB NOT NULL,
    month INTEGER NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (kind, record_id, month)
) STRICT;
-- The views of a month.
CREATE INDEX page_views_month ON page_views (month, kind);
