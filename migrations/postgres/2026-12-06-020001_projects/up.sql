-- The work of teams. The project of a deliverable has its id.
CREATE TABLE projects (
    id uuid NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    status_since timestamptz NOT NULL,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    area text COLLATE "C" NOT NULL,
    fiscal_year integer NOT NULL,
    record jsonb NOT NULL,
    progress integer NOT NULL,
    vacant_since timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- Lists of one status, area, organization or fiscal year, newest first.
CREATE INDEX projects_status ON projects (status, id);
CREATE INDEX projects_area ON projects (area, id);
CREATE INDEX projects_organization_id ON projects (organization_id, id);
CREATE INDEX projects_fiscal_year ON projects (fiscal_year, id);
-- The places that wait for somebody, oldest project first.
CREATE INDEX projects_vacant ON projects (id) WHERE vacant_since IS NOT NULL;
-- Everybody who is or was in a team. An erased worker leaves the row.
CREATE TABLE project_members (
    application_id uuid NOT NULL PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    worker_id uuid,
    role text COLLATE "C" NOT NULL,
    joined_at timestamptz NOT NULL,
    left_at timestamptz,
    reason text COLLATE "C"
);
-- A project's team, and the projects of a worker.
CREATE INDEX project_members_project_id ON project_members (project_id, joined_at);
CREATE INDEX project_members_worker_id ON project_members (worker_id, project_id);
-- Milestones, meetings, hours, artifacts, risks and notes.
CREATE TABLE project_entries (
    id uuid NOT NULL PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    kind text COLLATE "C" NOT NULL,
    day integer NOT NULL,
    waits boolean NOT NULL,
    visibility text COLLATE "C" NOT NULL,
    worker_id uuid,
    minutes integer,
    document jsonb NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- The entries of one kind, by day; what waits, oldest first; what a worker has written or worked.
CREATE INDEX project_entries_project_id ON project_entries (project_id, kind, day, id);
CREATE INDEX project_entries_waiting ON project_entries (kind, id) WHERE waits;
CREATE INDEX project_entries_worker_id ON project_entries (worker_id, id);
-- The files of artifacts, in pieces.
CREATE TABLE project_files (
    entry_id uuid NOT NULL REFERENCES project_entries (id) ON DELETE CASCADE,
    position bigint NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (entry_id, position)
);
-- Who did what in a project, as codes and ids.
CREATE TABLE project_events (
    id uuid NOT NULL PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    subject text COLLATE "C" NOT NULL,
    subject_id uuid NOT NULL,
    action text COLLATE "C" NOT NULL,
    detail text COLLATE "C",
    visibility text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    occurred_at timestamptz NOT NULL
);
-- The history of a project, newest first.
CREATE INDEX project_events_project_id ON project_events (project_id, id);
