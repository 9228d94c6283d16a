"""Consent, erasure, suppression and export: what a person may ask of those who keep their data."""
