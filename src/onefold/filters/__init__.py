"""Conditions over the fields of a record: a tree that is kept as JSON and compiled to SQL. Knows no table."""
