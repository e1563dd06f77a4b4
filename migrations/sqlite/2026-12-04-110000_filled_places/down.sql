UPDATE deliverables SET request = json_remove(request, '$.filled') WHERE json_type(request, '$.filled') IS NOT NULL;
