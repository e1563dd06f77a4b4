DROP TABLE import_people;
DROP TABLE installation_keys;
