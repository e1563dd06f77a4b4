-- Words of reviews are erased after a while.
CREATE INDEX project_reviews_worded ON project_reviews (updated_at) WHERE message IS NOT NULL;
