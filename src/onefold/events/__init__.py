"""What a tracking event is, where it comes from, and what became of it."""
