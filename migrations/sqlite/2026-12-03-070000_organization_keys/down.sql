DROP TABLE organization_keys;
