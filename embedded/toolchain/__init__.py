"""The programs that Ballast runs on, found on PATH or built from pinned Go modules."""
