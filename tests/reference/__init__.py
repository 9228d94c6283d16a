"""The slow reference: docs/reference/identity.md computed directly, to judge the stream and the rebuild."""
