"""The signals by who exposes them; `catalog.metrics` is the way in."""
