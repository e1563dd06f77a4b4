DROP TABLE project_reviews;
