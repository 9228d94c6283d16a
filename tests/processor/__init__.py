"""The processor against the slow reference, the rebuild, and adversaries."""
