ALTER TABLE worker_records DROP COLUMN withdrawn;
