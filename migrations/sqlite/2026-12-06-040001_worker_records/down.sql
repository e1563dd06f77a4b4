UPDATE workers SET profile = json_set(profile, '$.open_load', json_extract(profile, '$.open_load') + here.open)
    FROM (
        SELECT w.id, sum(r.open) AS open FROM workers w
            JOIN workers record ON record.id = w.id OR record.merged_into = w.id
            JOIN worker_records r ON r.worker_id = record.id GROUP BY w.id
    ) here WHERE here.id = workers.id AND json_extract(workers.profile, '$.open_load') IS NOT NULL;
DROP TABLE worker_records;
