-- Whose a digest is: a number for each erasure, which leads to nobody. What two erased people have together names neither of them.
ALTER TABLE erased_people ADD COLUMN person uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE erased_people DROP CONSTRAINT erased_people_pkey;
ALTER TABLE erased_people ADD PRIMARY KEY (key, person);
