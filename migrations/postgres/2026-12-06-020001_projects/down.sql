DROP TABLE project_events;
DROP TABLE project_files;
DROP TABLE project_entries;
DROP TABLE project_members;
DROP TABLE projects;
