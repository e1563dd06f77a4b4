-- Renames what was called "diffused": the table, the member of stored requests, and the field of import mappings.
ALTER TABLE diffused_deliverables RENAME TO deliverables_shared_with_partners;

UPDATE deliverables
SET request = json_set(
    json_remove(request, '$.request.diffused'),
    '$.request.shared_with_partners',
    json(iif(json_extract(request, '$.request.diffused'), 'true', 'false'))
)
WHERE json_type(request, '$.request.diffused') IS NOT NULL;

-- What a record was before an import changed it, for undoing the import.
UPDATE import_writes
SET before = json_set(
    json_remove(before, '$.diffused'),
    '$.shared_with_partners',
    json(iif(json_extract(before, '$.diffused'), 'true', 'false'))
)
WHERE json_type(before, '$.diffused') IS NOT NULL;

-- Mappings give each heading its field. A quote inside a JSON string is escaped, so this finds values only.
UPDATE import_mappings SET mapping = replace(mapping, ':"diffused"', ':"shared_with_partners"')
WHERE kind = 'deliverables';
UPDATE import_jobs SET
    options = replace(options, ':"diffused"', ':"shared_with_partners"'),
    progress = replace(progress, ':"diffused"', ':"shared_with_partners"')
WHERE kind = 'deliverables';
