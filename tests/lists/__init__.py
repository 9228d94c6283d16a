"""Lists of records of any kind."""
