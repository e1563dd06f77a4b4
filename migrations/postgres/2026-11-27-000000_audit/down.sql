DROP TABLE consents;
DROP TABLE audit_subjects;
DROP TABLE audit;
