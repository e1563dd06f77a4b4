-- What is shown to everybody: cards of projects, posts and publications.
CREATE TABLE press_items (
    id uuid NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    is_released boolean NOT NULL,
    listed_at timestamptz NOT NULL,
    month integer NOT NULL,
    fiscal_year integer NOT NULL,
    area text COLLATE "C",
    organization_id uuid,
    project_id uuid,
    deliverable_type text COLLATE "C",
    number integer,
    grams text COLLATE "C" NOT NULL,
    record jsonb NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL
);
-- Lists, the newest first; how many were published in a month.
CREATE INDEX press_items_listed_at ON press_items (listed_at, id);
CREATE INDEX press_items_month ON press_items (month, kind) WHERE is_released;
-- A project has one card. Newsletters by their number. Cards of an organization.
CREATE UNIQUE INDEX press_items_project_id ON press_items (project_id);
CREATE INDEX press_items_number ON press_items (number);
CREATE INDEX press_items_organization_id ON press_items (organization_id);

-- How often a record that is shown to everybody was read in a month.
CREATE TABLE page_views (
    kind text COLLATE "C" NOT NULL,
    record_id uuid NOT NULL,
    month integer NOT NULL,
    views bigint NOT NULL,
    PRIMARY KEY (kind, record_id, month)
);
-- The views of a month.
CREATE INDEX page_views_month ON page_views (month, kind);
