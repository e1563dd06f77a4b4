-- How many days projects of each type took here: the median, and the number of deliveries behind it. A task counts again.
CREATE TABLE type_durations (
    type_code TEXT NOT NULL PRIMARY KEY,
    median_days INTEGER,
    deliveries INTEGER NOT NULL
) STRICT;
