"""Tests; the folders are named after what they test."""
