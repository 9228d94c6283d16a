"""The outside world: PostgreSQL, processes, jobs, logs."""
