"""`ballast policy ...`: the pack without an engine, to look at it before adopting it."""

from __future__ import annotations

import difflib
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markdown import Markdown
from rich.table import Table

from embedded.layout import PROJECT_ROOT
from operations import environments
from operations.console import UserError, results

if TYPE_CHECKING:
    from frame.rule import Rule
    from frame.settings import PackSettings

# The engine runs the pack from its own folder; its modules have the same names here.
sys.path.append(str(PROJECT_ROOT / "policies"))

app = typer.Typer(help="Read the policies, and try them on files.", no_args_is_help=True)


class Form(Enum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


@app.command("list")
def list_rules() -> None:
    """Show every rule."""
    table = Table(box=None, pad_edge=False)
    table.add_column("rule", no_wrap=True)
    for column in ("what it asks", "severity", "category", "level"):
        table.add_column(column)
    for rule in _rules():
        facts = (rule.severity.value, rule.category.value, rule.level.value)
        table.add_row(rule.id, rule.title, *facts)
    results.print(table)


@app.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="RULE", help="As `list` shows it.")],
) -> None:
    """Show one rule: why it is there, how to keep it, its settings."""
    import reference

    known = {rule.id: rule for rule in _rules()}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        message = f"there is no rule {name!r}.{hint} `ballast policy list` shows all."
        raise UserError(message)
    results.print(Markdown(reference.page(known[name]).split("\n", 1)[1]))


@app.command()
def check(
    file: Annotated[
        Path, typer.Argument(help="Kubernetes YAML, a state, or a preview's JSON.", dir_okay=False)
    ],
    form: Annotated[Form, typer.Option("--format", help="For people or for machines.")] = Form.TEXT,
    environment: Annotated[
        str | None, typer.Option("--environment", "-e", help="Take this environment's levels.")
    ] = None,
) -> None:
    """Run the pack over a file. Ends with 1 where something mandatory is violated."""
    from frame import report, run, sources

    rules = _rules()
    try:
        resources = sources.read(file)
    except sources.SourceError as error:
        said = str(error)
        raise UserError(said if str(file) in said else f"{file}: {said}") from error
    findings = run.evaluate(resources, rules, _settings(environment, rules))
    if form is Form.SARIF:
        text = report.as_sarif(findings, rules, str(file))
    else:
        text = (report.as_json if form is Form.JSON else report.as_text)(findings)
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    raise typer.Exit(1 if report.fails(findings) else 0)


def _rules() -> list[Rule]:
    from rules import RULES

    return list(RULES)


def _settings(environment: str | None, rules: list[Rule]) -> PackSettings | None:
    from frame import settings

    levels = environments.find(environment).enforcement if environment else None
    try:
        return settings.read_file(levels, rules) if levels else None
    except settings.SettingsError as error:
        raise UserError(str(error)) from error
