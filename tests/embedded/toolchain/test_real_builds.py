"""The committed modules build as they are, with the user's Go and with PyPI's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from embedded.toolchain import go, versions
from embedded.toolchain.resolve import ensure
from embedded.toolchain.tools import BUILDS, GoBuild

from .conftest import build_of

pytestmark = pytest.mark.toolchain


def keep_quiet(line: str) -> None:
    """Progress is not what these tests look at."""


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # Go's own caches stay where they are: what is compiled need not be compiled again.
    for name, folder in {"GOCACHE": "go-build", "UV_CACHE_DIR": "uv"}.items():
        if name not in os.environ:
            monkeypatch.setenv(name, str(Path.home() / ".cache" / folder))
    return tmp_path


@pytest.mark.timeout(900)
def test_etcd_builds_from_the_committed_module_and_says_its_version(empty_cache: Path) -> None:
    path = ensure(["etcd"], keep_quiet)["etcd"]
    assert path.is_relative_to(empty_cache)
    assert versions.ask(path, ("--version",)) == (3, 6, 5)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.module)
@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_the_sums_of_every_package_are_committed_for_both_systems(
    build: GoBuild, system: str
) -> None:
    argv = [go.ensure(keep_quiet), "list", "-mod=readonly", "-deps", *build.packages]
    outcome = subprocess.run(
        argv,
        cwd=build.folder,
        env={**go.environment(), "GOOS": system},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.timeout(900)
def test_without_go_on_path_the_one_from_pypi_builds_a_program(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Go may share its folder with what uv itself needs, so PATH stays as it is.
    monkeypatch.setattr(go, "on_path", lambda: None)
    compiler = go.ensure(keep_quiet)
    assert compiler.is_relative_to(empty_cache)
    (tmp_path / "main.go").write_text('package main\n\nfunc main() { println("it runs") }\n')
    made = tmp_path / "made"
    argv = [compiler, "build", *build_of("etcd").flags[:2], "-o", made, tmp_path / "main.go"]
    subprocess.run(argv, cwd=tmp_path, env=go.environment(), check=True)
    answer = subprocess.run([made], capture_output=True, text=True, check=True)
    assert answer.stderr == "it runs\n"
