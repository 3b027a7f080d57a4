"""`ballast report`, and the report of `ballast preview`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from embedded.layout import PROJECT_ROOT
from operations.console import UserError, say
from operations.report import markdown, page
from operations.report.events import read_report
from operations.report.words import Links

PAGE = "report.html"
TWIN = "report.md"

Directory = Annotated[
    Path | None,
    typer.Option("--report", metavar="DIR", help="Write the page and its Markdown twin there."),
]


def report(
    events: Annotated[Path, typer.Argument(metavar="EVENTS", help="From --event-log.")],
    directory: Annotated[Path, typer.Option("--directory", "-d", help="Where to.")] = Path(),
) -> None:
    """Write the report of a preview that plain `pulumi` made with --event-log."""
    write(_read(events), directory)


def write(events: Iterable[Mapping[str, Any]], directory: Path) -> None:
    """Write the page and its twin, and say where they are."""
    found = read_report(events)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        links = _links(directory)
        (directory / PAGE).write_text(page.render(found, links), encoding="utf-8")
        (directory / TWIN).write_text(markdown.render(found, links), encoding="utf-8")
    except OSError as error:
        message = f"the report cannot be written: {error.filename}: {error.strerror}."
        raise UserError(message) from None
    say(f"the report is in {directory / PAGE} and {directory / TWIN}")


def _read(log: Path) -> list[dict[str, Any]]:
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        message = f"{log} cannot be read: {error.strerror}."
        raise UserError(message) from None
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(json.loads(line))
        except ValueError:
            message = (
                f"{log} is no event log: line {number} is no JSON. Make one with "
                f"PULUMI_DEBUG_COMMANDS=true pulumi preview --event-log FILE."
            )
            raise UserError(message) from None
    return found


def _links(directory: Path) -> Links:
    """Return where the policies' pages are: in the repository of a workflow, else in the checkout.

    Relative: the folder of a report may move together with the checkout.
    """
    server, repository = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    if server and repository:
        revision = os.environ.get("GITHUB_SHA", "main")
        return Links(f"{server}/{repository}/blob/{revision}/docs/policies")
    return Links(os.path.relpath(PROJECT_ROOT / "docs" / "policies", directory.resolve()))
