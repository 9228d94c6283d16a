"""Trees of conditions."""
