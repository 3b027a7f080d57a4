"""Measure what docs/benchmarks.md reports: `python -m operations.benchmark`.

Runs in a copy of the checkout with an environment of its own, so that nothing
of the user's is touched. Prints the table in Markdown.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from embedded.layout import PROJECT_ROOT, Layout

_PARTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "moto")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cold", action="store_true", help="set-up with empty caches as well")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each preview")
    options = parser.parse_args()
    print("| what | seconds |\n|---|---|", flush=True)
    with _copy() as root:
        if options.cold:
            _cold_setup(root)
        _deployment(root, options.runs)
        _preview_parts(options.runs)


def _cold_setup(root: Path) -> None:
    with tempfile.TemporaryDirectory() as empty:
        caches = {
            "XDG_CACHE_HOME": f"{empty}/cache",
            "GOMODCACHE": f"{empty}/modules",
            "GOCACHE": f"{empty}/build",
            "UV_CACHE_DIR": f"{empty}/uv",
            "PIP_CACHE_DIR": f"{empty}/pip",
        }
        (root / ".venv").unlink(missing_ok=True)
        _row("first set-up: Python environment", lambda: _ballast(root, "--help", **caches))
        _row("first set-up: tools from Go modules", lambda: _tools(root, caches))
        # Modules are read-only on purpose; their folder has to go all the same.
        subprocess.run(["chmod", "-R", "u+w", empty], check=True)


def _tools(root: Path, caches: Mapping[str, str]) -> None:
    code = "from operations.console import say; from operations.embedded_environment import *; "
    code += "EmbeddedEnvironment(Layout()).tools(say)"
    argv = [str(root / ".venv/bin/python"), "-c", code]
    # PATH without tools that somebody installed by hand: they would not be built.
    subprocess.run(argv, cwd=root, check=True, env={**os.environ, **caches}, stdout=sys.stderr)


def _deployment(root: Path, runs: int) -> None:
    _row("start of the embedded environment, warm", lambda: _ballast(root, "local", "start"))
    _row("`ballast up local` from nothing, environment running", lambda: _up(root))
    memory = _resident(root)
    _row("`ballast up local` with no changes", lambda: _up(root), runs)
    _row("`ballast preview local`", lambda: _ballast(root, "preview", "local"), runs)
    for name in ("dev", "staging", "prod", "shared"):
        what = f"`ballast preview {name}`, offline"
        _row(what, lambda name=name: _ballast(root, "preview", name), runs)
    _row("the same for prod without policies, plain `pulumi`", lambda: _without_pack(root), runs)
    _row("`ballast destroy local`", lambda: _ballast(root, "destroy", "local"))
    print(f"\nResident memory of the embedded environment after `up`: {memory:.0f} MiB.\n")


def _without_pack(root: Path) -> None:
    shell = 'eval "$(./ballast env)" && exec pulumi preview --stack prod'
    _quiet(["sh", "-c", shell], root)


def _preview_parts(runs: int) -> None:
    print("| part of a preview | seconds |\n|---|---|")
    python = str(PROJECT_ROOT / ".venv/bin/python")
    for what, code in (
        ("interpreter", "pass"),
        ("import pulumi", "import pulumi"),
        ("imports of the whole program", "import components.platform, stacks.providers"),
        ("import of the policy SDK", "import pulumi_policy"),
    ):
        argv = [python, "-c", code]
        _row(what, lambda argv=argv: _quiet(argv, PROJECT_ROOT), runs)
    for name in ("language-python", "resource-aws", "resource-kubernetes"):
        plugin = PROJECT_ROOT / "embedded" / "plugins" / "bin" / f"pulumi-{name}"
        _row(f"start of pulumi-{name}", lambda plugin=plugin: _start_plugin(plugin), runs)


def _start_plugin(plugin: Path) -> None:
    child = subprocess.Popen([str(plugin), "127.0.0.1:1"], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None  # noqa: S101 - PIPE was asked for
    child.stdout.readline()
    child.kill()
    child.wait()


def _up(root: Path) -> None:
    _ballast(root, "up", "local")


def _ballast(root: Path, *arguments: str, **variables: str) -> None:
    _quiet([str(root / "ballast"), *arguments], root, variables)


def _quiet(argv: Sequence[str], cwd: Path, variables: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        argv,
        cwd=cwd,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}")


def _row(what: str, action: Callable[[], None], runs: int = 1) -> None:
    taken: list[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    spread = f" ({min(taken):.2f} to {max(taken):.2f}, {runs} runs)" if runs > 1 else ""
    print(f"| {what} | {statistics.median(taken):.2f}{spread} |", flush=True)


def _resident(root: Path) -> float:
    from embedded.processes import Supervisor

    supervisor = Supervisor(Layout(root))
    found = [supervisor.find(name) for name in _PARTS]
    return sum(p.memory_info().rss for p in found if isinstance(p, psutil.Process)) / 2**20


@contextmanager
def _copy() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "ballast"
        ignored = shutil.ignore_patterns(".git", ".venv", ".ballast", "__pycache__")
        shutil.copytree(PROJECT_ROOT, root, ignore=ignored)
        (root / ".venv").symlink_to(PROJECT_ROOT / ".venv")
        try:
            yield root
        finally:
            subprocess.run([str(root / "ballast"), "local", "reset", "--yes"], check=False)


if __name__ == "__main__":
    main()
