-- The weights that administrators have set, from version 2. Version 1 is the default in the code.
CREATE TABLE weights (
    version bigint PRIMARY KEY,
    components jsonb NOT NULL,
    reason text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
