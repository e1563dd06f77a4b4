DROP TABLE round_people;
DROP TABLE round_deliverables;
DROP TABLE rounds;
