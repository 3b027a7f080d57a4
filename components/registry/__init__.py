"""Container images of our own, and mirrors of others'."""
