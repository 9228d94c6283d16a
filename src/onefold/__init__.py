"""Onefold: every customer, one record."""
