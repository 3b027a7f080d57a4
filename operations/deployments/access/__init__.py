"""A project of its own: an administrator runs it once per account, before any pipeline can."""
