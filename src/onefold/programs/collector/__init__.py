"""The tracking API: authenticates, checks, appends to the log, answers 200 after the commit."""
