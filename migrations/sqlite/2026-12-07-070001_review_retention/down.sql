DROP INDEX project_reviews_worded;
