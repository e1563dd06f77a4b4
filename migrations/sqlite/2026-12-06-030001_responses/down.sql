DROP TABLE application_responses;
