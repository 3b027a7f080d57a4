"""What the user reads: progress on stderr, results on stdout, errors without a traceback."""

from __future__ import annotations

import sys
from typing import NoReturn

from rich.console import Console
from rich.markup import escape

results = Console(highlight=False)
progress = Console(stderr=True, highlight=False)

# Exit codes of our own; codes of `pulumi` pass through unchanged.
EXIT_WRONG_INPUT = 2
EXIT_ENVIRONMENT = 3
EXIT_INTERNAL = 70


class UserError(Exception):
    """Something the user can mend: what happened, and what to do about it."""

    def __init__(self, message: str, exit_code: int = EXIT_WRONG_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def say(line: str) -> None:
    """Tell the user what goes on."""
    progress.print(f"[dim]·[/dim] {escape(line)}")


def fail(error: UserError) -> NoReturn:
    """Print the error and end with its exit code."""
    progress.print(f"[bold red]error:[/bold red] {escape(str(error))}", soft_wrap=True)
    sys.exit(error.exit_code)
