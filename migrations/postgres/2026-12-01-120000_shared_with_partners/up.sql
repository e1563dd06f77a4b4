-- Renames what was called "diffused": the table, the member of stored requests, and the field of import mappings.
ALTER TABLE diffused_deliverables RENAME TO deliverables_shared_with_partners;
ALTER INDEX diffused_deliverables_pkey RENAME TO deliverables_shared_with_partners_pkey;

UPDATE deliverables
SET request = jsonb_set(
    request #- '{request,diffused}', '{request,shared_with_partners}', request #> '{request,diffused}'
)
WHERE (request #> '{request,diffused}') IS NOT NULL;

-- What a record was before an import changed it, for undoing the import.
UPDATE import_writes
SET before = jsonb_set(before - 'diffused', '{shared_with_partners}', before -> 'diffused')
WHERE (before -> 'diffused') IS NOT NULL;

-- Mappings give each heading its field. A quote inside a JSON string is escaped, so this finds values only.
UPDATE import_mappings SET mapping = replace(mapping::text, ': "diffused"', ': "shared_with_partners"')::jsonb
WHERE kind = 'deliverables';
UPDATE import_jobs SET
    options = replace(options::text, ': "diffused"', ': "shared_with_partners"')::jsonb,
    progress = replace(progress::text, ': "diffused"', ': "shared_with_partners"')::jsonb
WHERE kind = 'deliverables';
