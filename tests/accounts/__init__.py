"""Users, rights, the audit log, masking."""
