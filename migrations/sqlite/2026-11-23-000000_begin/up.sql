-- What happened, in order. Every write appends here in its own transaction; followers read on from the
-- last seq they have seen.
CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    action TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
-- The newest change of one kind.
CREATE INDEX changes_entity ON changes (entity, seq);

-- The first answer to each POST with an Idempotency-Key; answer is null while the first is under way.
CREATE TABLE idempotency_keys (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    lease BLOB NOT NULL,
    answer TEXT,
    entity_id TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT;
-- Purging what is older than a day.
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
-- Erasing what was answered about an erased worker.
CREATE INDEX idempotency_keys_entity_id ON idempotency_keys (entity_id);

-- Skills, roles, themes and deliverable types: the built-in ones and those added at run time.
CREATE TABLE catalogue_entries (
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    definition TEXT NOT NULL,
    position INTEGER NOT NULL,
    version INTEGER NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (kind, code)
) STRICT;

CREATE TABLE organizations (
    seq INTEGER PRIMARY KEY, -- the full-text index refers to it
    id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    area TEXT NOT NULL,
    status TEXT NOT NULL,
    corporate_number TEXT,
    source TEXT,
    external_id TEXT,
    profile TEXT NOT NULL,
    grams TEXT NOT NULL,
    archived_at TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
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
    area TEXT NOT NULL,
    name_key TEXT NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    PRIMARY KEY (area, name_key, organization_id)
) STRICT;
-- Renewing the names of one organization.
CREATE INDEX organization_names_organization_id ON organization_names (organization_id);

CREATE TABLE deliverables (
    seq INTEGER PRIMARY KEY, -- the full-text index refers to it
    id BLOB NOT NULL UNIQUE,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    deliverable_type TEXT NOT NULL,
    family TEXT NOT NULL,
    format TEXT NOT NULL,
    status TEXT NOT NULL,
    fiscal_year INTEGER NOT NULL,
    area TEXT NOT NULL,
    source TEXT,
    external_id TEXT,
    request TEXT NOT NULL,
    grams TEXT NOT NULL,
    archived_at TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
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
    deliverable_id BLOB NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    PRIMARY KEY (deliverable_id, organization_id)
) STRICT;
CREATE INDEX deliverable_organizations_organization_id ON deliverable_organizations (organization_id, deliverable_id);

-- What the request asks for, promoted from it for the filters.
CREATE TABLE deliverable_roles (
    deliverable_id BLOB NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (deliverable_id, role)
) STRICT;
CREATE INDEX deliverable_roles_role ON deliverable_roles (role, deliverable_id);

CREATE TABLE deliverable_skills (
    deliverable_id BLOB NOT NULL REFERENCES deliverables (id) ON DELETE CASCADE,
    skill TEXT NOT NULL,
    PRIMARY KEY (deliverable_id, skill)
) STRICT;
CREATE INDEX deliverable_skills_skill ON deliverable_skills (skill, deliverable_id);

-- What a publication declares beyond what it lists.
CREATE TABLE declared_totals (
    source TEXT NOT NULL,
    fiscal_year INTEGER NOT NULL,
    category TEXT NOT NULL,
    format TEXT NOT NULL,
    declared INTEGER NOT NULL,
    listed INTEGER NOT NULL,
    PRIMARY KEY (source, fiscal_year, category)
) STRICT;

CREATE TABLE workers (
    seq INTEGER PRIMARY KEY, -- the full-text index refers to it
    id BLOB NOT NULL UNIQUE,
    source TEXT,
    external_id TEXT,
    status TEXT NOT NULL,
    area TEXT,
    alias TEXT NOT NULL,
    profile TEXT NOT NULL,
    personal TEXT NOT NULL, -- name, contact, free text: shown only to those who may see it
    grams TEXT NOT NULL,
    personal_grams TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (source, external_id)
) STRICT;
-- Lists: one index for each filter and each order.
CREATE INDEX workers_area ON workers (area, id);
CREATE INDEX workers_status ON workers (status, area, id);
CREATE INDEX workers_alias ON workers (alias, id);
CREATE INDEX workers_updated_at ON workers (updated_at, id);

-- What the profile offers, promoted from it for the filters.
CREATE TABLE worker_roles (
    worker_id BLOB NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (worker_id, role)
) STRICT;
CREATE INDEX worker_roles_role ON worker_roles (role, worker_id);

CREATE TABLE worker_skills (
    worker_id BLOB NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    skill TEXT NOT NULL,
    level INTEGER NOT NULL,
    PRIMARY KEY (worker_id, skill)
) STRICT;
CREATE INDEX worker_skills_skill ON worker_skills (skill, worker_id);

CREATE VIRTUAL TABLE organizations_text USING fts5 (
    grams, content = 'organizations', content_rowid = 'seq', tokenize = 'ascii'
);
CREATE TRIGGER organizations_text_insert AFTER INSERT ON organizations BEGIN
    INSERT INTO organizations_text (rowid, grams) VALUES (new.seq, new.grams);
END;
CREATE TRIGGER organizations_text_delete AFTER DELETE ON organizations BEGIN
    INSERT INTO organizations_text (organizations_text, rowid, grams) VALUES ('delete', old.seq, old.grams);
END;
CREATE TRIGGER organizations_text_update AFTER UPDATE OF grams ON organizations BEGIN
    INSERT INTO organizations_text (organizations_text, rowid, grams) VALUES ('delete', old.seq, old.grams);
    INSERT INTO organizations_text (rowid, grams) VALUES (new.seq, new.grams);
END;

CREATE VIRTUAL TABLE deliverables_text USING fts5 (
    grams, content = 'deliverables', content_rowid = 'seq', tokenize = 'ascii'
);
CREATE TRIGGER deliverables_text_insert AFTER INSERT ON deliverables BEGIN
    INSERT INTO deliverables_text (rowid, grams) VALUES (new.seq, new.grams);
END;
CREATE TRIGGER deliverables_text_delete AFTER DELETE ON deliverables BEGIN
    INSERT INTO deliverables_text (deliverables_text, rowid, grams) VALUES ('delete', old.seq, old.grams);
END;
CREATE TRIGGER deliverables_text_update AFTER UPDATE OF grams ON deliverables BEGIN
    INSERT INTO deliverables_text (deliverables_text, rowid, grams) VALUES ('delete', old.seq, old.grams);
    INSERT INTO deliverables_text (rowid, grams) VALUES (new.seq, new.grams);
END;

CREATE VIRTUAL TABLE workers_text USING fts5 (
    grams, personal_grams, content = 'workers', content_rowid = 'seq', tokenize = 'ascii'
);
CREATE TRIGGER workers_text_insert AFTER INSERT ON workers BEGIN
    INSERT INTO workers_text (rowid, grams, personal_grams) VALUES (new.seq, new.grams, new.personal_grams);
END;
CREATE TRIGGER workers_text_delete AFTER DELETE ON workers BEGIN
    INSERT INTO workers_text (workers_text, rowid, grams, personal_grams) VALUES ('delete', old.seq, old.grams, old.personal_grams);
END;
CREATE TRIGGER workers_text_update AFTER UPDATE OF grams, personal_grams ON workers BEGIN
    INSERT INTO workers_text (workers_text, rowid, grams, personal_grams) VALUES ('delete', old.seq, old.grams, old.personal_grams);
    INSERT INTO workers_text (rowid, grams, personal_grams) VALUES (new.seq, new.grams, new.personal_grams);
END;
