-- The deliverables of which a coordinator has released what they say now. Those who have applied may read them only then.
CREATE TABLE released_deliverables (
    deliverable_id BLOB NOT NULL PRIMARY KEY REFERENCES deliverables (id) ON DELETE CASCADE
) STRICT;
INSERT INTO released_deliverables (deliverable_id)
SELECT id FROM deliverables WHERE status NOT IN ('draft', 'submitted')
    AND coalesce(json_array_length(request, '$.changed_since_release'), 0) = 0;
