"""The doctor says what is there, what comes by itself, and what the user has to do."""

from __future__ import annotations

import io
import shutil

import pytest
from rich.console import Console

from embedded.toolchain import doctor, resolve
from embedded.toolchain.doctor import Finding, examine, render
from embedded.toolchain.tools import BUILDS, TOOLS

from .conftest import Machine


def found(name: str) -> Finding:
    return next(finding for finding in examine() if finding.name == name)


def rendered(findings: list[Finding]) -> str:
    out = io.StringIO()
    Console(file=out, width=300).print(render(findings))
    return out.getvalue()


def with_free_space(monkeypatch: pytest.MonkeyPatch, gib: float) -> None:
    usage = shutil.disk_usage("/")._replace(free=int(gib * 1024**3))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)


def test_on_a_bare_machine_everything_that_can_comes_by_itself(machine: Machine) -> None:
    states = {finding.name: finding.state for finding in examine()}
    assert [states[name] for name in (*TOOLS, "go", "uv")] == ["later"] * (len(TOOLS) + 2)
    assert not machine.cache.exists()


def test_when_every_tool_is_built_nothing_is_left_to_do(machine: Machine) -> None:
    machine.install_go()
    machine.install("uv", "echo uv 0.13.9")
    machine.install("git", "echo git version 2.39.5")
    resolve.ensure(list(TOOLS), machine.say)
    findings = examine()
    assert {finding.state for finding in findings} == {"ready"}
    text = rendered(findings)
    assert "what to do" not in text
    assert "1.35.4" in text


def test_a_tool_that_does_not_fit_is_named_with_its_version_and_the_range(
    machine: Machine,
) -> None:
    path = machine.install("pulumi", "echo v3.100.0")
    finding = found("pulumi")
    assert finding.state == "later"
    assert finding.where == f"{path} (3.100.0) does not fit: >= 3.259 and < 4"
    assert "built once, about 4 min, for every command that touches a stack" in finding.fix


def test_a_go_that_is_too_old_is_named_while_there_is_something_to_build(
    machine: Machine,
) -> None:
    machine.install_go("1.20.1")
    assert found("go").where == f"{machine.bin}/go does not fit: >= 1.25.11"
    assert found("go").fitting


def test_git_is_for_the_user_to_install(machine: Machine) -> None:
    finding = found("git")
    assert not finding.fitting
    assert "install git" in rendered([finding])


def test_the_plugins_are_ours_where_no_released_one_is_installed(machine: Machine) -> None:
    finding = found("pulumi-resource-aws")
    assert finding.fitting
    assert finding.where.endswith("embedded/plugins/bin/pulumi-resource-aws")


def test_a_released_plugin_on_path_is_named_as_such(machine: Machine) -> None:
    path = machine.install("pulumi-resource-aws", "echo 7.51.1")
    assert found("pulumi-resource-aws").where == f"{path} (released, on PATH)"


def test_too_little_room_for_what_has_to_be_built_is_for_the_user(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_free_space(monkeypatch, 8.5)
    finding = found("disk space")
    assert not finding.fitting
    modules = ", ".join(build.module for build in BUILDS)
    assert finding.fix == f"building {modules} takes up to 9 GB: free some"


def test_little_room_does_not_matter_once_everything_is_built(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install_go()
    resolve.ensure(list(TOOLS), machine.say)
    with_free_space(monkeypatch, 0.5)
    assert "disk space" not in {finding.name for finding in examine()}


def test_a_cache_that_cannot_be_written_is_for_the_user(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Permissions do not bind root, so the question itself is answered here.
    monkeypatch.setattr(doctor.os, "access", lambda _, __: False)
    finding = found("cache")
    assert not finding.fitting
    assert "XDG_CACHE_HOME" in finding.fix
