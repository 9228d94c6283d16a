"""The lake: every event for ever, in open Delta tables, and the engines that ask it."""
