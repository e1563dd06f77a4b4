DROP TABLE idempotency_usage;
ALTER TABLE idempotency_keys DROP COLUMN bytes;
