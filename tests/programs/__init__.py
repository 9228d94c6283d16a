"""What you start."""
