INSERT INTO workers_text (workers_text, rank) VALUES ('secure-delete', 0);
