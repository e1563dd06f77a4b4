DROP TABLE publication_feedback;
