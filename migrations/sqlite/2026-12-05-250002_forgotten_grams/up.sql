-- What is taken out of the full-text index of workers is overwritten. Until now, what an erased person's name consists of
-- stayed in the index until its segments were merged. What stayed so far goes.
INSERT INTO workers_text (workers_text, rank) VALUES ('secure-delete', 1);
INSERT INTO workers_text (workers_text) VALUES ('optimize');
