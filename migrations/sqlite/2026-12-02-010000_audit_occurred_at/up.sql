-- The column has the name that the API gives it. Stored entries keep their text, which is what their hashes cover.
ALTER TABLE audit RENAME COLUMN at TO occurred_at;
