"""What the engine starts from PATH where the released plugins are not installed."""
