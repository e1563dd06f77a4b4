ALTER TABLE duplicates RENAME COLUMN primary_id TO kept_id;
UPDATE duplicates SET reasons = replace(replace(reasons, '"agreement":"partial"', '"agreement":"part"'), '"weight_bits":', '"weight":');
