"""Groups of people by a rule: who is in, since when, and why; right to the second."""
