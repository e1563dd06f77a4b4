-- What an answer counts in its caller's usage.
ALTER TABLE idempotency_keys ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE idempotency_keys SET bytes = length(CAST(answer AS BLOB)) WHERE answer IS NOT NULL;

-- How many bytes of answers are stored for a caller. Answers that were deleted count until the next purge.
CREATE TABLE idempotency_usage (
    caller TEXT NOT NULL PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;
INSERT INTO idempotency_usage (caller, bytes) SELECT caller, sum(bytes) FROM idempotency_keys GROUP BY caller;
