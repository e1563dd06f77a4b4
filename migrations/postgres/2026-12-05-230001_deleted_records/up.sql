-- Which of these ids belonged to deleted records? An import gives none of them to a new record.
CREATE INDEX changes_deleted ON changes (entity_id) WHERE action = 'deleted';
