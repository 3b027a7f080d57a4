"""PATH first, then the cache; never a version that does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.layout import Layout
from embedded.toolchain.errors import ToolError
from embedded.toolchain.resolve import ensure, locate

from .conftest import Machine


@pytest.mark.parametrize(
    ("name", "output", "version"),
    [
        ("pulumi", "v3.300.1", "3.300.1"),
        ("etcd", "etcd Version: 3.5.21", "3.5.21"),
        ("kube-apiserver", "Kubernetes v1.35.0", "1.35.0"),
        ("kwok", "kwok version v0.7.9 go1.25.0 (linux/amd64)", "0.7.9"),
    ],
)
def test_a_fitting_tool_on_path_is_taken(
    machine: Machine, name: str, output: str, version: str
) -> None:
    path = machine.install(name, f"echo '{output}'")
    found = locate(name)
    assert found is not None
    assert (found.path, found.version, found.origin) == (path, version, "PATH")
    assert ensure([name], machine.say) == {name: path}
    assert machine.builds == []


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("pulumi", "echo v3.258.0"),
        ("pulumi", "echo v4.0.0"),
        ("etcd", "echo 'etcd Version: 3.4.9'"),
        ("kube-apiserver", "echo 'Kubernetes v1.36.0'"),
        ("kwok", "echo 'kwok version v0.8.0'"),
        ("kwok", "echo 'what version?'"),
        ("kwok", "echo 'kwok version v0.7.0'; exit 1"),
    ],
)
def test_a_tool_on_path_that_does_not_fit_is_passed_over(
    machine: Machine, name: str, script: str
) -> None:
    machine.install(name, script)
    assert locate(name) is None
    machine.install_go()
    assert ensure([name], machine.say)[name].is_relative_to(machine.cache)


def test_the_second_place_on_path_is_looked_at_when_the_first_does_not_fit(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install("kwok", "echo v0.1.0")
    second = machine.install("kwok", "echo v0.7.1", tmp_path / "second")
    monkeypatch.setenv("PATH", f"{machine.bin}::{second.parent}")
    found = locate("kwok")
    assert found is not None
    assert found.path == second


def test_what_lies_in_our_own_folder_of_links_does_not_count_as_on_path(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install("pulumi", "echo v3.259.0", Layout().bin)
    monkeypatch.setenv("PATH", str(Layout().bin))
    assert locate("pulumi") is None


def test_a_link_into_our_cache_does_not_count_as_on_path(machine: Machine) -> None:
    machine.install_go()
    built = ensure(["kwok"], machine.say)["kwok"]
    (machine.bin / "kwok").symlink_to(built)
    found = locate("kwok")
    assert found is not None
    assert (found.path, found.origin) == (built, "cache")


def test_looking_for_a_missing_tool_builds_nothing(machine: Machine) -> None:
    machine.install_go()
    assert locate("etcd") is None
    assert machine.builds == []
    assert not machine.cache.exists()


def test_an_unknown_name_is_refused_with_the_names_there_are(machine: Machine) -> None:
    with pytest.raises(ToolError, match=r"no tool is called 'kubectl'; there are pulumi, etcd"):
        ensure(["kubectl"], machine.say)
