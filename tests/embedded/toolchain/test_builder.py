"""Builds happen once, whole, and for this machine."""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path

import pytest

from embedded.toolchain import builder, progress, tools
from embedded.toolchain.errors import ToolError
from embedded.toolchain.resolve import ensure, locate

from .conftest import Machine, build_of, wait_for


def test_a_missing_tool_is_built_and_a_warm_start_builds_nothing(machine: Machine) -> None:
    machine.install_go()
    first = ensure(["etcd"], machine.say)
    assert first["etcd"].is_relative_to(machine.cache / "tools" / "etcd")
    assert "building etcd 3.6.5 from source" in machine.said[0]
    machine.said.clear()
    assert ensure(["etcd"], machine.say) == first
    assert len(machine.builds) == 1
    assert machine.said == []


def test_executables_of_one_module_are_built_in_one_go(machine: Machine) -> None:
    machine.install_go()
    names = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]
    made = ensure(names, machine.say)
    assert len(machine.builds) == 1
    assert all(made[name].name == name for name in names)
    assert len({path.parent for path in made.values()}) == 1


def test_the_users_go_settings_do_not_shape_the_result(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"GOFLAGS": "-mod=mod", "GOOS": "plan9", "GOWORK": "/x/go.work"}.items():
        monkeypatch.setenv(name, value)
    machine.install_go()
    ensure(["kwok"], machine.say)
    module, flags, system, workspace, cgo, toolchain, arguments = machine.builds[0].split("|")
    assert (module, flags, system, workspace) == ("kwok", "", "", "off")
    assert (cgo, toolchain) == ("0", "local")
    assert "-trimpath -buildvcs=false -mod=readonly -ldflags=-s -w -X " in arguments


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go"])
def test_a_change_of_the_module_is_another_place_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setattr(tools, "MODULES", shutil.copytree(tools.MODULES, tmp_path / "modules"))
    build = build_of("etcd")
    before = build.fingerprint()
    assert build.fingerprint() == before
    with (build.folder / file).open("a") as source:
        source.write("\n")
    assert build.fingerprint() != before


def test_a_failed_build_says_what_failed_where_all_of_it_is_and_what_to_do(
    machine: Machine,
) -> None:
    machine.install_go(body="echo 'main.go:3:1: syntax error' >&2; exit 1")
    with pytest.raises(ToolError) as caught:
        ensure(["etcd"], machine.say)
    message = str(caught.value)
    log = machine.cache / "logs" / "build-etcd.log"
    assert message.startswith("building etcd 3.6.5 failed: go ended with 1.")
    assert "  main.go:3:1: syntax error" in message
    assert str(log) in message
    assert "install etcd >= 3.5 and < 3.7 yourself" in message
    assert "syntax error" in log.read_text()
    assert machine.half_made() == []
    assert locate("etcd") is None


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("dial tcp: lookup proxy.invalid: no such host", "The Go module proxy cannot be reached"),
        ("write x.a: no space left on device", "The disk is full"),
        ("verifying module: checksum mismatch", "do not go on"),
        ("compile: signal: killed", "ran out of memory"),
    ],
)
def test_causes_that_go_names_get_their_own_advice(
    machine: Machine, output: str, advice: str
) -> None:
    machine.install_go(body=f"echo '{output}' >&2; exit 1")
    with pytest.raises(ToolError, match=advice):
        ensure(["etcd"], machine.say)


def test_a_build_of_another_version_than_its_record_is_refused(machine: Machine) -> None:
    machine.install_go(versions={"kwok": "0.6.1"})
    with pytest.raises(ToolError, match=r"the kwok that was built is not 0\.7\.0: 0\.6\.1"):
        ensure(["kwok"], machine.say)
    assert locate("kwok") is None
    assert machine.half_made() == []


def test_a_cache_that_cannot_be_written_is_named_with_a_way_out(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install_go()
    blocked = machine.root / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    with pytest.raises(ToolError, match=rf"cannot build etcd: {blocked}/.*XDG_CACHE_HOME"):
        ensure(["etcd"], machine.say)


def test_where_nothing_can_be_drawn_over_progress_comes_in_lines(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_LINE_EVERY", 0.0)
    monkeypatch.setattr(builder, "_LOOK_EVERY", 0.05)
    machine.install_go(body="/bin/sleep 0.4")
    ensure(["etcd"], machine.say)
    assert any(re.fullmatch(r"etcd: \d s, packages compiled: 1", line) for line in machine.said)
    assert machine.said[-1].startswith("etcd built in ")


def test_two_runs_at_once_build_once_and_the_second_says_that_it_waits(machine: Machine) -> None:
    machine.install_go(body="/bin/sleep 1.5")
    first = machine.ensure_elsewhere("etcd")
    wait_for(lambda: len(machine.builds) == 1)
    second = machine.ensure_elsewhere("etcd")
    answers = [process.communicate(timeout=60) for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0]
    assert answers[0][0] == answers[1][0]
    assert "another run builds etcd; waiting for it" in answers[1][1]
    assert len(machine.builds) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_build_stops_go_leaves_nothing_and_can_be_done_again(
    machine: Machine, number: signal.Signals
) -> None:
    machine.install_go(body="/bin/sleep 300")
    process = machine.ensure_elsewhere("etcd")
    wait_for(lambda: machine.compiler_runs)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "the next run goes on from where this one was" in errors
    wait_for(lambda: not machine.compiler_runs)
    assert machine.half_made() == []
    machine.install_go()
    assert ensure(["etcd"], machine.say)["etcd"].exists()


def test_what_a_killed_run_left_behind_is_cleared_away_by_the_next(machine: Machine) -> None:
    machine.install_go(body="/bin/sleep 1")
    process = machine.ensure_elsewhere("etcd")
    wait_for(lambda: machine.compiler_runs)
    process.kill()
    process.communicate(timeout=60)
    assert len(machine.half_made()) == 1
    machine.install_go()
    assert ensure(["etcd"], machine.say)["etcd"].exists()
    wait_for(lambda: not machine.compiler_runs)
    assert machine.half_made() == []
