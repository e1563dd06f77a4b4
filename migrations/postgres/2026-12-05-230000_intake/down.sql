DROP TABLE intake_decisions;
DROP TABLE intakes;
-- The release before this one knows neither status.
UPDATE deliverables SET status = 'submitted', request = jsonb_set(request, '{request,status}', '"submitted"')
WHERE status IN ('screening', 'hearing');
