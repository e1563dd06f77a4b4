UPDATE deliverables SET request = request - 'filled' WHERE request ? 'filled';
