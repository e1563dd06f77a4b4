UPDATE erased_people AS one SET erased_at = of_key.erased_at, is_searched = of_key.is_searched
FROM (SELECT key, max(erased_at) AS erased_at, bool_and(is_searched) AS is_searched FROM erased_people GROUP BY key) AS of_key
WHERE one.key = of_key.key;
DELETE FROM erased_people AS one USING erased_people AS other WHERE one.key = other.key AND one.person < other.person;
ALTER TABLE erased_people DROP CONSTRAINT erased_people_pkey;
ALTER TABLE erased_people DROP COLUMN person;
ALTER TABLE erased_people ADD PRIMARY KEY (key);
