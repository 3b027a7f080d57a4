"""`ballast local ...`: the embedded environment by hand."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from embedded.layout import Layout
from embedded.processes import Supervisor
from operations.console import UserError, results, say
from operations.embedded_environment import EmbeddedEnvironment

app = typer.Typer(help="Start, stop and look at the embedded environment.", no_args_is_help=True)


@app.command()
def start() -> None:
    """Start what is not running; data of an earlier start is there again."""
    EmbeddedEnvironment(Layout()).start(say)
    status()


@app.command()
def stop() -> None:
    """Stop every process. The data stays."""
    EmbeddedEnvironment(Layout()).stop()
    say("stopped; `./ballast local start` brings it back with its data")


@app.command()
def status() -> None:
    """Show each process: running, ready, memory, port, log."""
    parts = EmbeddedEnvironment(Layout()).status()
    table = Table("part", "state", "pid", "memory MiB", "port", box=None, pad_edge=False)
    for part in parts:
        state = "ready" if part.ready else "starting" if part.running else "stopped"
        pid = str(part.pid) if part.pid else "-"
        memory = f"{part.resident_bytes / 2**20:.0f}" if part.resident_bytes else "-"
        port = str(part.port) if part.port else "-"
        table.add_row(part.name, state, pid, memory, port)
    results.print(table)
    total = sum(part.resident_bytes or 0 for part in parts) / 2**20
    results.print(f"{total:.0f} MiB resident in all; logs in {Layout().logs}", soft_wrap=True)
    if not all(part.ready for part in parts):
        raise typer.Exit(1)


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop everything and forget cluster, cloud and local state. Built tools stay."""
    folder = Layout().state
    if not yes:
        typer.confirm(f"Delete {folder} with all that runs in it?", abort=True)
    EmbeddedEnvironment(Layout()).reset()
    say(f"{folder} is gone")


@app.command()
def logs(
    part: Annotated[str, typer.Argument(help="etcd, kube-apiserver, moto, ...")],
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many from the end.")] = 50,
) -> None:
    """Print the end of one part's log."""
    known = {status.name for status in EmbeddedEnvironment(Layout()).status()}
    if part not in known:
        message = f"there is no part {part!r}. Known: {', '.join(sorted(known))}."
        raise UserError(message)
    log = Supervisor(Layout()).log(part)
    if not log.exists():
        message = f"{part} has not written a log yet: it has never been started here."
        raise UserError(message)
    for line in log.read_text(errors="replace").splitlines()[-lines:]:
        results.print(line, markup=False)
