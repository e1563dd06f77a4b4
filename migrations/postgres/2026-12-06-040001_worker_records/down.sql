UPDATE workers SET profile = jsonb_set(profile, '{open_load}', to_jsonb((profile ->> 'open_load')::integer + here.open))
    FROM (
        SELECT w.id, sum(r.open)::integer AS open FROM workers w
            JOIN workers record ON record.id = w.id OR record.merged_into = w.id
            JOIN worker_records r ON r.worker_id = record.id GROUP BY w.id
    ) here WHERE here.id = workers.id AND workers.profile ->> 'open_load' IS NOT NULL;
DROP TABLE worker_records;
