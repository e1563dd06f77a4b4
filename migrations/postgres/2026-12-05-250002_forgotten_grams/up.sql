-- PostgreSQL has no such index: VACUUM removes what was deleted.
SELECT 1;
