"""The golden record: fragments folded into people and companies."""
