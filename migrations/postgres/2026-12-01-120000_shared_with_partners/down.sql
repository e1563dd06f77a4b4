UPDATE import_jobs SET
    options = replace(options::text, ': "shared_with_partners"', ': "diffused"')::jsonb,
    progress = replace(progress::text, ': "shared_with_partners"', ': "diffused"')::jsonb
WHERE kind = 'deliverables';
UPDATE import_mappings SET mapping = replace(mapping::text, ': "shared_with_partners"', ': "diffused"')::jsonb
WHERE kind = 'deliverables';

UPDATE import_writes
SET before = jsonb_set(before - 'shared_with_partners', '{diffused}', before -> 'shared_with_partners')
WHERE (before -> 'shared_with_partners') IS NOT NULL;

UPDATE deliverables
SET request = jsonb_set(
    request #- '{request,shared_with_partners}', '{request,diffused}', request #> '{request,shared_with_partners}'
)
WHERE (request #> '{request,shared_with_partners}') IS NOT NULL;

ALTER INDEX deliverables_shared_with_partners_pkey RENAME TO diffused_deliverables_pkey;
ALTER TABLE deliverables_shared_with_partners RENAME TO diffused_deliverables;
