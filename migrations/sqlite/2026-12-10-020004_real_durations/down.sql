DROP TABLE type_durations;
