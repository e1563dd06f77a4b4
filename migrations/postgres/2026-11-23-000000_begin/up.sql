-- What happened, in order. Every write appends here in its own transaction; followers read on from the
-- last seq they have seen.
CREATE TABLE changes (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text COLLATE "C" NOT NULL,
    entity text COLLATE "C" NOT NULL,
    entity_id text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    version bigint NOT NULL
);
-- The newest change of one kind.
CREATE INDEX changes_entity ON changes (entity, seq);

-- The first answer to each POST with an Idempotency-Key; answer is null while the first is under way.
CREATE TABLE idempotency_keys (
    caller text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    lease uuid NOT NULL,
    answer jsonb,
    entity_id text COLLATE "C",
    created_at timestamptz NOT NULL,
    PRIMARY KEY (caller, key)
);
-- Purging what is older than a day.
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
-- Erasing what was answered about an erased worker.
CREATE INDEX idempotency_keys_entity_id ON idempotency_keys (entity_id);

-- Skills, roles, themes and deliverable types: the built-in ones and those added at run time.
CREATE TABLE catalogue_entries (
    kind text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    definition jsonb NOT NULL,
    position integer NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (kind, code)
);

CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    area text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    corporate_number text COLLATE "C",
    source text COLLATE "C",
    external_id text COLLATE "C",
    profile jsonb NOT NULL,
    grams text COLLATE "C" NOT NULL,
    archived_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- An archived organization stands in nobody's way.
CREATE UNIQUE INDEX organizations_corporate_number ON organizations (corporate_number) WHERE archived_at IS NULL;
CREATE UNIQUE INDEX organizations_external_id ON organizations (source, external_id) WHERE archived_at IS NULL;
-- Lists: one index for each filter and each order; the id breaks ties and is the order of creation.
CREATE INDEX organizations_area ON organizations (area, id);
CREATE INDEX organizations_kind ON organizations (kind, id);
CREATE INDEX organizations_status ON organizations (status, id);
CREATE INDEX organizations_name ON organizations (name, id);
CREATE INDEX organizations_updated_at ON organizations (updated_at, id);

-- Every spelling under which an organization is known, in the form that ignores width, spaces and legal form.
CREATE TABLE organization_names (
    area text COLLATE "C" NOT NULL,
    name_key text COLLATE "C" NOT NULL,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    PRIMARY KEY (area, name_key, organization_id)
);
-- Renewing the names of one organization.
CREATE INDEX organization_names_organization_id ON organization_names (organization_id);

CREATE TABLE deliverables (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    deliverable_type text COLLATE "C" NOT NULL,
    family text COLLATE "C" NOT NULL,
    format text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    fiscal_year integer NOT NULL,
    area text COLLATE "C" NOT NULL,
    source text COLLATE "C",
    external_id text COLLATE "C",
    request jsonb NOT NULL,
    grams text COLLATE "C" NOT NULL,
    archived_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- An archived request stands in nobody's way.
CREATE UNIQUE INDEX deliverables_external_id ON deliverables (source, external_id) WHERE archived_at IS NULL;
-- What of a source is there already, archived or not.
CREATE INDEX deliverables_source ON deliverables (source);
-- Lists: one index for each filter and each order.
CREATE INDEX deliverables_organization_id ON deliverables (organization_id, id);
CREATE INDEX deliverables_type ON deliverables (deliverable_type, id);
CREATE INDEX deliverables_family ON deliverables (family, id);
CREATE INDEX deliverables_format ON deliverables (format, id);
CREATE INDEX deliverables_status ON deliverables (status, id);
CREATE INDEX deliverables_fiscal_year ON deliverables (fiscal_year, id);
CREATE INDEX deliverables_area ON deliverables (area, id);
CREATE INDEX deliverables_updated_at ON deliverables (updated_at, id);
-- Statistics: the counts come from this index alone.
CREATE INDEX deliverables_statistics
    ON deliverables (fiscal_year, format, area, family, deliverable_type, status, source, archived_at);

-- The other organizations where several ask jointly.
CREATE TABLE deliverable_organizations (
    deliverable_id uuid NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    PRIMARY KEY (deliverable_id, organization_id)
);
CREATE INDEX deliverable_organizations_organization_id ON deliverable_organizations (organization_id, deliverable_id);

-- What the request asks for, promoted from it for the filters.
CREATE TABLE deliverable_roles (
    deliverable_id uuid NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    role text COLLATE "C" NOT NULL,
    PRIMARY KEY (deliverable_id, role)
);
CREATE INDEX deliverable_roles_role ON deliverable_roles (role, deliverable_id);

CREATE TABLE deliverable_skills (
    deliverable_id uuid NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    skill text COLLATE "C" NOT NULL,
    PRIMARY KEY (deliverable_id, skill)
);
CREATE INDEX deliverable_skills_skill ON deliverable_skills (skill, deliverable_id);

-- What a publication declares beyond what it lists.
CREATE TABLE declared_totals (
    source text COLLATE "C" NOT NULL,
    fiscal_year integer NOT NULL,
    category text COLLATE "C" NOT NULL,
    format text COLLATE "C" NOT NULL,
    declared integer NOT NULL,
    listed integer NOT NULL,
    PRIMARY KEY (source, fiscal_year, category)
);

CREATE TABLE workers (
    id uuid PRIMARY KEY,
    source text COLLATE "C",
    external_id text COLLATE "C",
    status text COLLATE "C" NOT NULL,
    area text COLLATE "C",
    alias text COLLATE "C" NOT NULL,
    profile jsonb NOT NULL,
    personal jsonb NOT NULL, -- name, contact, free text: shown only to those who may see it
    grams text COLLATE "C" NOT NULL,
    personal_grams text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (source, external_id)
);
-- Lists: one index for each filter and each order.
CREATE INDEX workers_area ON workers (area, id);
CREATE INDEX workers_status ON workers (status, area, id);
CREATE INDEX workers_alias ON workers (alias, id);
CREATE INDEX workers_updated_at ON workers (updated_at, id);

-- What the profile offers, promoted from it for the filters.
CREATE TABLE worker_roles (
    worker_id uuid NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    role text COLLATE "C" NOT NULL,
    PRIMARY KEY (worker_id, role)
);
CREATE INDEX worker_roles_role ON worker_roles (role, worker_id);

CREATE TABLE worker_skills (
    worker_id uuid NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    skill text COLLATE "C" NOT NULL,
    level integer NOT NULL,
    PRIMARY KEY (worker_id, skill)
);
CREATE INDEX worker_skills_skill ON worker_skills (skill, worker_id);

CREATE INDEX organizations_grams ON organizations
    USING gin (array_to_tsvector(array_remove(string_to_array(grams, ' '), '')));
CREATE INDEX deliverables_grams ON deliverables
    USING gin (array_to_tsvector(array_remove(string_to_array(grams, ' '), '')));
CREATE INDEX workers_grams ON workers
    USING gin (array_to_tsvector(array_remove(string_to_array(grams, ' '), '')));
CREATE INDEX workers_personal_grams ON workers
    USING gin (array_to_tsvector(array_remove(string_to_array(personal_grams, ' '), '')));
