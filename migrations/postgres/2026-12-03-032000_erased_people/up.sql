-- Keyed digests of people erased in the last days: a file that was sent before doesn't bring them back.
CREATE TABLE erased_people (
    key bigint NOT NULL PRIMARY KEY,
    erased_at timestamptz NOT NULL
);
-- Whether anyone was erased since an import was sent, and what is to be forgotten.
CREATE INDEX erased_people_erased_at ON erased_people (erased_at);
