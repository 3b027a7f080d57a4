"""The `ballast` command.

Every verb is a thin layer: `eval "$(./ballast env)"` gives a shell in which
plain `pulumi` does the same.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import traceback
from typing import Annotated

import typer

from embedded.layout import PROJECT_ROOT, Layout
from embedded.processes import ProcessError
from embedded.toolchain.resolve import ToolError
from operations import backends, environments, guards, local, locks, policy, summary
from operations.backends import SharedPulumi
from operations.console import EXIT_ENVIRONMENT, EXIT_INTERNAL, UserError, fail, results, say
from operations.embedded_environment import EmbeddedEnvironment
from operations.pulumi import Pulumi, PulumiError
from operations.report import command as reports

app = typer.Typer(
    help="AI inference on AWS EKS, upright on spot GPUs. Policies are always on.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(local.app, name="local")
app.add_typer(policy.app, name="policy")
app.command()(reports.report)

EnvironmentName = Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="A file in stacks/.")]


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def up(context: typer.Context, name: EnvironmentName) -> None:
    """Preview, check against the policies, and deploy. More flags go to `pulumi up`.

    The local environment is started first and deployed without a question.
    """
    pulumi = _pulumi(name, start=True)
    guards.before_up(pulumi.environment, context.args)
    _recover(pulumi)
    pulumi.select()
    answer = ["--yes"] if pulumi.environment.embedded else []
    outcome = pulumi.run("up", *answer, *context.args)
    if outcome.exit_code == 0 and pulumi.environment.embedded:
        summary.show(Layout(), pulumi, outcome)
    raise typer.Exit(outcome.exit_code)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def preview(
    context: typer.Context, name: EnvironmentName, report: reports.Directory = None
) -> None:
    """Show what `up` would do and what the policies say. More flags go to `pulumi preview`."""
    pulumi = _pulumi(name, start=True)
    pulumi.select()
    outcome = pulumi.run("preview", *context.args)
    if report is not None:
        reports.write(outcome.events, report)
    raise typer.Exit(outcome.exit_code)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def refresh(context: typer.Context, name: EnvironmentName) -> None:
    """Find what was changed by hand. More flags go to `pulumi refresh`."""
    pulumi = _pulumi(name, start=True)
    _recover(pulumi)
    pulumi.select()
    answer = ["--yes"] if pulumi.environment.embedded else []
    raise typer.Exit(pulumi.run("refresh", *answer, *context.args, policies=False).exit_code)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def destroy(context: typer.Context, name: EnvironmentName) -> None:
    """Delete everything of an environment, and its stack. More flags go to `pulumi destroy`."""
    pulumi = _pulumi(name, start=True)
    guards.before_destroy(pulumi.environment)
    if not pulumi.exists:
        say(f"nothing to destroy: stack {name} does not exist")
        return
    _recover(pulumi)
    answer = ["--yes"] if pulumi.environment.embedded else []
    outcome = pulumi.run("destroy", *answer, *context.args, policies=False)
    if outcome.exit_code == 0 and summary.is_empty(pulumi):
        pulumi.remove()
    raise typer.Exit(outcome.exit_code)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def outputs(context: typer.Context, name: EnvironmentName) -> None:
    """Print the stack's outputs. More flags go to `pulumi stack output`."""
    pulumi = _pulumi(name, start=False)
    raise typer.Exit(pulumi.pass_through("stack", "output", "--stack", name, *context.args))


@app.command()
def doctor() -> None:
    """Say what was found, where, in which version, and what is missing with its fix."""
    from embedded.toolchain import doctor as physician

    findings = physician.examine()
    results.print(physician.render(findings))
    raise typer.Exit(0 if all(finding.fitting for finding in findings) else 1)


@app.command()
def env() -> None:
    """Print what plain `pulumi` and `kubectl` need: eval "$(./ballast env)"."""
    variables = EmbeddedEnvironment(Layout()).engine(say)
    variables["KUBECONFIG"] = str(Layout().kubeconfig)
    for key, value in sorted(variables.items()):
        sys.stdout.write(f"export {key}={shlex.quote(value)}\n")


@app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run_tests(
    context: typer.Context,
    fast: Annotated[bool, typer.Option("--fast", help="Leave out what needs processes.")] = False,
) -> None:
    """Run every check and test: format, lint, types, tests. More flags go to pytest."""
    if not fast:
        EmbeddedEnvironment(Layout()).tools(say)
    for check in _CHECKS:
        say(" ".join(check))
        if (code := _python(*check)) != 0:
            raise typer.Exit(code)
    codes: list[int] = []
    for name, arguments in _TIERS[: 1 if fast else None]:
        say(f"pytest: {name}")
        codes.append(_python("pytest", *arguments, *context.args))
        if codes[-1] not in (0, _NO_TESTS):
            break
    # A tier may have none of the tests that were asked for; all tiers may not.
    raise typer.Exit(min(codes) if codes[-1] == _NO_TESTS else codes[-1])


_NO_TESTS = 5

# The fast tier runs on every core; the other one starts whole environments, one after the other.
_TIERS = (
    ("the fast tier", ("-m", "not embedded and not toolchain", "-n", "auto", "--dist", "loadfile")),
    ("what needs processes and tools", ("-m", "embedded or toolchain", "--durations", "15")),
)

_CHECKS = (
    ("ruff", "format", "--check", "--quiet"),
    ("ruff", "check", "--quiet"),
    ("pyright",),
)


def main() -> None:
    """Run the command; what goes wrong is told in one message, never a traceback."""
    try:
        app(prog_name="ballast")
    except UserError as error:
        fail(error)
    except (ProcessError, PulumiError, ToolError) as error:
        fail(UserError(str(error), EXIT_ENVIRONMENT))
    except Exception as error:  # noqa: BLE001 - the last boundary before the user
        fail(UserError(_internal(error), EXIT_INTERNAL))


def _internal(error: Exception) -> str:
    """Keep the traceback for whoever mends it; return what the user should read."""
    log = Layout().logs / "ballast-error.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(traceback.format_exception(error)))
    return (
        f"this is a defect of Ballast, not of your input: {type(error).__name__}: {error}\n"
        f"The details for a report are in {log}."
    )


def _python(module: str, *arguments: str) -> int:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=PROJECT_ROOT, check=False
    ).returncode


def _pulumi(name: str, *, start: bool) -> Pulumi:
    environment = environments.find(name)
    layout = Layout()
    embedded = EmbeddedEnvironment(layout)
    if start and environment.embedded:
        embedded.start(say)
    variables = embedded.engine(say)
    if (shared := backends.of_the_user(environment, os.environ)) is not None:
        return SharedPulumi(layout, environment, {**variables, backends.URL: shared})
    return Pulumi(layout, environment, variables)


def _recover(pulumi: Pulumi) -> None:
    """Clear away what a killed `pulumi` left behind."""
    if not pulumi.environment.embedded:
        return
    if locks.release_stale(pulumi.layout, pulumi.environment.name):
        say("an earlier update was killed: its lock is released")
    if pending := pulumi.settle():
        say(f"an earlier update was killed: {pending} unfinished operation(s) are taken up again")
