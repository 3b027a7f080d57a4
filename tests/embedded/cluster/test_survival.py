"""The control plane outlives kills, strangers on its ports, and starts that were cut short."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from kubernetes import client

from embedded.cluster.parts import API_SERVER, ETCD, KWOK, PARTS, SCHEDULER
from embedded.layout import PROJECT_ROOT
from embedded.processes import Supervisor
from tests.embedded.cluster.workloads import node, pod, pod_spec
from tests.support.environment import (
    RunningControlPlane,
    eventually,
    running_control_plane,
)

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningControlPlane]:
    """A control plane that the tests of this module may kill and move."""
    with running_control_plane(tmp_path_factory.mktemp("mortal")) as running:
        yield running


def kill(running: RunningControlPlane, name: str) -> None:
    process = Supervisor(running.layout).find(name)
    assert process
    process.send_signal(signal.SIGKILL)
    eventually(lambda: Supervisor(running.layout).find(name) is None)


def bound(stranger: socket.socket, port: int) -> bool:
    """Tell whether the port could be had: the dead hold on to it for a moment."""
    try:
        stranger.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def alive(pid: int) -> bool:
    """Tell whether a process still does anything."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def runs_a_pod(running: RunningControlPlane, name: str) -> bool:
    """Tell whether all five parts do their work: a new pod gets a node and becomes ready."""
    core = running.api(client.CoreV1Api)
    core.create_node(node(name))
    core.create_namespaced_pod("default", pod(name, pod_spec(name)))

    def ready() -> bool:
        conditions = core.read_namespaced_pod(name, "default").status.conditions or []
        return any(item.type == "Ready" and item.status == "True" for item in conditions)

    eventually(ready)
    core.delete_namespaced_pod(name, "default")
    eventually(
        lambda: (
            not core.list_namespaced_pod("default", field_selector=f"metadata.name={name}").items
        )
    )
    core.delete_node(name)
    return True


def test_a_warm_start_is_ready_within_fifteen_seconds(mortal: RunningControlPlane) -> None:
    mortal.control_plane.stop()
    begun = time.monotonic()
    mortal.control_plane.start(print)
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize("name", PARTS)
def test_start_brings_back_a_killed_part_with_the_data_and_spares_the_others(
    mortal: RunningControlPlane, name: str
) -> None:
    kept = {"metadata": {"name": f"kept-{name}"}, "data": {"killed": name}}
    mortal.api(client.CoreV1Api).create_namespaced_config_map("default", kept)
    before = mortal.pids()

    kill(mortal, name)
    mortal.control_plane.start(print)

    after = mortal.pids()
    assert {part for part in PARTS if before[part] != after[part]} == {name}
    found = mortal.api(client.CoreV1Api).read_namespaced_config_map(f"kept-{name}", "default")
    assert found.data == {"killed": name}
    assert runs_a_pod(mortal, f"after-{name}")


def test_a_part_that_runs_but_does_not_answer_is_started_again(mortal: RunningControlPlane) -> None:
    frozen = Supervisor(mortal.layout).find(API_SERVER)
    assert frozen
    frozen.suspend()
    mortal.start_again()
    assert not alive(frozen.pid)
    assert runs_a_pod(mortal, "after-the-frost")


def test_start_brings_everything_back_after_all_parts_were_killed(
    mortal: RunningControlPlane,
) -> None:
    kept = {"metadata": {"name": "kept-all"}}
    mortal.api(client.CoreV1Api).create_namespaced_config_map("default", kept)
    for name in PARTS:
        kill(mortal, name)
    mortal.control_plane.start(print)
    assert mortal.api(client.CoreV1Api).read_namespaced_config_map("kept-all", "default")
    assert runs_a_pod(mortal, "after-all")


_START = """
import json, sys
from pathlib import Path
from embedded.cluster.control_plane import ControlPlane
from tests.support.environment import ScratchLayout
tools = {name: Path(path) for name, path in json.loads(sys.argv[2]).items()}
ControlPlane(ScratchLayout(folder=Path(sys.argv[1])), tools).start(print)
"""


@pytest.mark.parametrize("seconds", [0.8, 2.0])
def test_a_start_that_was_killed_is_finished_by_the_next_one(
    mortal: RunningControlPlane, seconds: float
) -> None:
    mortal.control_plane.reset()
    tools = json.dumps({name: str(path) for name, path in mortal.tools.items()})
    arguments = [sys.executable, "-c", _START, str(mortal.layout.state), tools]
    begun = subprocess.Popen(arguments, cwd=PROJECT_ROOT)
    time.sleep(seconds)
    begun.kill()
    begun.wait()

    mortal.control_plane.start(print)

    state = str(mortal.layout.cluster)
    running = [
        Path(process.info["cmdline"][0]).name
        for process in psutil.process_iter(["cmdline"])
        if state in " ".join(process.info["cmdline"] or [])
    ]
    assert sorted(running) == sorted(PARTS)
    assert runs_a_pod(mortal, f"finished-{int(seconds * 10)}")


def test_two_starts_at_once_make_one_control_plane(mortal: RunningControlPlane) -> None:
    mortal.control_plane.stop()
    with ThreadPoolExecutor(2) as both:
        starts = [both.submit(mortal.start_again) for _ in range(2)]
        said = [line for start in starts for line in start.result()]
    assert len([line for line in said if "is ready" in line]) == len(PARTS)
    assert [line for line in said if "waiting for it" in line]


@pytest.mark.parametrize("name", [SCHEDULER, ETCD, API_SERVER])
def test_a_part_gives_way_to_a_stranger_on_its_port(mortal: RunningControlPlane, name: str) -> None:
    kill(mortal, name)
    port = mortal.layout.port(name)
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        eventually(lambda: bound(stranger, port))
        stranger.listen()
        said = mortal.start_again()
        assert any(f"port {port} of {name} is taken" in line for line in said)
        assert mortal.layout.port(name) != port
        assert runs_a_pod(mortal, f"moved-{name}")


def test_a_part_that_no_record_names_is_ended_before_another_one_starts(
    mortal: RunningControlPlane,
) -> None:
    lost = mortal.pids()[KWOK]
    (mortal.layout.run / f"{KWOK}.json").unlink()
    mortal.control_plane.start(print)
    found = mortal.pids()[KWOK]
    assert found not in {None, lost}
    assert lost
    assert not alive(lost)


def test_an_address_survives_a_restart(mortal: RunningControlPlane) -> None:
    before = mortal.layout.kubeconfig.read_text()
    mortal.control_plane.stop()
    mortal.control_plane.start(print)
    assert mortal.layout.kubeconfig.read_text() == before


def test_stop_leaves_no_process(mortal: RunningControlPlane) -> None:
    before = [pid for pid in mortal.pids().values() if pid]
    mortal.control_plane.stop()
    assert not any(part.running for part in mortal.control_plane.status())
    assert not [pid for pid in before if alive(pid)]


def test_reset_forgets_every_object(mortal: RunningControlPlane) -> None:
    mortal.control_plane.start(print)
    mortal.api(client.CoreV1Api).create_namespaced_config_map(
        "default", {"metadata": {"name": "forgotten"}}
    )
    mortal.control_plane.reset()
    assert not mortal.layout.cluster.exists()
    mortal.control_plane.start(print)
    names = [
        item.metadata.name
        for item in mortal.api(client.CoreV1Api).list_namespaced_config_map("default").items
    ]
    assert "forgotten" not in names
