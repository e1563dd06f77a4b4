UPDATE import_jobs SET
    options = replace(options, ':"shared_with_partners"', ':"diffused"'),
    progress = replace(progress, ':"shared_with_partners"', ':"diffused"')
WHERE kind = 'deliverables';
UPDATE import_mappings SET mapping = replace(mapping, ':"shared_with_partners"', ':"diffused"')
WHERE kind = 'deliverables';

UPDATE import_writes
SET before = json_set(
    json_remove(before, '$.shared_with_partners'),
    '$.diffused',
    json(iif(json_extract(before, '$.shared_with_partners'), 'true', 'false'))
)
WHERE json_type(before, '$.shared_with_partners') IS NOT NULL;

UPDATE deliverables
SET request = json_set(
    json_remove(request, '$.request.shared_with_partners'),
    '$.request.diffused',
    json(iif(json_extract(request, '$.request.shared_with_partners'), 'true', 'false'))
)
WHERE json_type(request, '$.request.shared_with_partners') IS NOT NULL;

ALTER TABLE deliverables_shared_with_partners RENAME TO diffused_deliverables;
