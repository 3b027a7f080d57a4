"""What the toolchain tells the user when it cannot go on."""


class ToolError(Exception):
    """A tool cannot be had; the message says which, why, and what to do."""
