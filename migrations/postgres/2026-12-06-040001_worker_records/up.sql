-- What was counted here of each worker, by family and role, beside what rosters say: places that are open, work that was
-- delivered or dropped, applications that ended, and how many of them in a place. `last_day` is the day of the worker's last
-- answer, in days since 1970. The match index reads all of it when it is built, and that of changed workers.
CREATE TABLE worker_records (
    worker_id uuid NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    family text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    open integer NOT NULL,
    delivered integer NOT NULL,
    dropped integer NOT NULL,
    ended integer NOT NULL,
    placed integer NOT NULL,
    last_day integer,
    PRIMARY KEY (worker_id, family, role)
);
-- Places that are open move out of the profile. What was delivered until now stays there: nobody knows which part came
-- from a roster.
INSERT INTO worker_records (worker_id, family, role, open, delivered, dropped, ended, placed)
    SELECT a.worker_id, d.family, a.role, count(*), 0, 0, count(*), count(*)
    FROM applications a JOIN deliverables d ON d.id = a.deliverable_id
    WHERE a.worker_id IS NOT NULL AND a.status IN ('accepted', 'agreed') AND d.archived_at IS NULL
        AND d.status NOT IN ('delivered', 'declined', 'cancelled')
    GROUP BY a.worker_id, d.family, a.role;
UPDATE workers SET profile = jsonb_set(profile, '{open_load}',
        to_jsonb(greatest(0, (profile ->> 'open_load')::integer - here.open)))
    FROM (
        SELECT w.id, sum(r.open)::integer AS open FROM workers w
            JOIN workers record ON record.id = w.id OR record.merged_into = w.id
            JOIN worker_records r ON r.worker_id = record.id GROUP BY w.id
    ) here WHERE here.id = workers.id AND workers.profile ->> 'open_load' IS NOT NULL;
