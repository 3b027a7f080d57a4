"""What differs between environments, and the one place that reads it."""
