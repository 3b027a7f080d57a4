"""What a reviewer reads of a preview: one page, and a twin of it for a pull request."""
