"""From the log to profiles: one transaction a batch."""
