-- Names of the API: "part" becomes "partial", "weight" becomes "weight_bits".
UPDATE duplicates SET reasons =
    replace(replace(reasons::text, '"agreement": "part"', '"agreement": "partial"'), '"weight":', '"weight_bits":')::jsonb;

-- The record that stays in use after a merge.
ALTER TABLE duplicates RENAME COLUMN kept_id TO primary_id;
