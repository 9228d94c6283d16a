"""Everything together, for real: `onefold up` on its own PostgreSQL, real clients, real data, real deaths."""
