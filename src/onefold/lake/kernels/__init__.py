"""What must walk the events of a profile in order, compiled by numba; one bucket at a time."""
