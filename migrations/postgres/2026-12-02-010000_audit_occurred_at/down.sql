ALTER TABLE audit RENAME COLUMN occurred_at TO at;
