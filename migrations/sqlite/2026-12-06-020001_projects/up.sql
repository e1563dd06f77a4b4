-- The work of teams. The project of a deliverable has its id.
CREATE TABLE projects (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    status_since TEXT NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    area TEXT NOT NULL,
    fiscal_year INTEGER NOT NULL,
    record TEXT NOT NULL,
    progress INTEGER NOT NULL,
    vacant_since TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
-- Lists of one status, area, organization or fiscal year, newest first.
CREATE INDEX projects_status ON projects (status, id);
CREATE INDEX projects_area ON projects (area, id);
CREATE INDEX projects_organization_id ON projects (organization_id, id);
CREATE INDEX projects_fiscal_year ON projects (fiscal_year, id);
-- The places that wait for somebody, oldest project first.
CREATE INDEX projects_vacant ON projects (id) WHERE vacant_since IS NOT NULL;
-- Everybody who is or was in a team. An erased worker leaves the row.
CREATE TABLE project_members (
    application_id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    worker_id BLOB,
    role TEXT NOT NULL,
    joined_at TEXT NOT NULL,
    left_at TEXT,
    reason TEXT
) STRICT;
-- A project's team, and the projects of a worker.
CREATE INDEX project_members_project_id ON project_members (project_id, joined_at);
CREATE INDEX project_members_worker_id ON project_members (worker_id, project_id);
-- Milestones, meetings, hours, artifacts, risks and notes.
CREATE TABLE project_entries (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    day INTEGER NOT NULL,
    waits INTEGER NOT NULL,
    visibility TEXT NOT NULL,
    worker_id BLOB,
    minutes INTEGER,
    document TEXT NOT NULL,
    created_by TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
-- The entries of one kind, by day; what waits, oldest first; what a worker has written or worked.
CREATE INDEX project_entries_project_id ON project_entries (project_id, kind, day, id);
CREATE INDEX project_entries_waiting ON project_entries (kind, id) WHERE waits;
CREATE INDEX project_entries_worker_id ON project_entries (worker_id, id);
-- The files of artifacts, in pieces.
CREATE TABLE project_files (
    entry_id BLOB NOT NULL REFERENCES project_entries (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (entry_id, position)
) STRICT;
-- Who did what in a project, as codes and ids.
CREATE TABLE project_events (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    action TEXT NOT NULL,
    detail TEXT,
    visibility TEXT NOT NULL,
    actor TEXT NOT NULL,
    occurred_at TEXT NOT NULL
) STRICT;
-- The history of a project, newest first.
CREATE INDEX project_events_project_id ON project_events (project_id, id);
