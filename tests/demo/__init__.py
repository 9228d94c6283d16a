"""The sample shop, and what README and tutorial promise of it."""
