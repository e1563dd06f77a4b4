DROP TABLE programme_records;
DROP TABLE programme_steps;
DROP TABLE programme_areas;
DROP TABLE programmes;
