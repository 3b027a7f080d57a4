"""Waiting until an object works: `rules` say when, `pods` says why not yet, `waiting` waits."""
