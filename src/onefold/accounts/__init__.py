"""Who may do what: users, signing in, and the one permission function."""
