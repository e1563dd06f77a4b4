DROP INDEX events_status;
DROP INDEX events_public_updated_at;
DROP INDEX events_public_ends_at;
