"""The control plane as a whole: it starts quickly, outlives kills, and lets nobody else in."""

from __future__ import annotations

import signal
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from kubernetes import client

from embedded.cluster.certificates import CLUSTER_CA, ETCD_CA
from embedded.cluster.control_plane import ControlPlane
from embedded.cluster.endpoint import Endpoint
from embedded.cluster.parts import API_SERVER, ETCD, KWOK, PARTS, SCHEDULER
from embedded.cluster.pki import Pki
from embedded.processes import Supervisor
from tests.embedded.cluster.workloads import node, pod, pod_spec
from tests.support.environment import (
    RunningControlPlane,
    ScratchLayout,
    eventually,
    running_control_plane,
)

pytestmark = pytest.mark.embedded

GIB = 1024**3


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningControlPlane]:
    """A control plane that the tests of this module may kill and move."""
    with running_control_plane(tmp_path_factory.mktemp("mortal")) as running:
        yield running


def pids(running: RunningControlPlane) -> dict[str, int | None]:
    return {part.name: part.pid for part in running.control_plane.status()}


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


def said_by_start(running: RunningControlPlane) -> list[str]:
    said: list[str] = []
    running.control_plane.start(said.append)
    return said


def core_api(running: RunningControlPlane) -> Any:
    return running.api(client.CoreV1Api)


def runs_a_pod(running: RunningControlPlane, name: str) -> bool:
    """Tell whether all five parts do their work: a new pod gets a node and becomes ready."""
    core = core_api(running)
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


def test_every_part_says_where_it_is_and_how_it_does(control_plane: RunningControlPlane) -> None:
    status = control_plane.control_plane.status()
    assert [part.name for part in status] == list(PARTS)
    for part in status:
        assert part.running, part
        assert part.ready, part
        assert part.log.exists()
        assert part.port == control_plane.layout.port(part.name)
        assert part.uptime_seconds > 0


def test_all_parts_together_stay_under_seven_tenths_of_a_gibibyte(
    control_plane: RunningControlPlane,
) -> None:
    resident = sum(part.resident_bytes for part in control_plane.control_plane.status())
    assert 0 < resident < 0.7 * GIB


def test_every_part_listens_on_loopback_only(control_plane: RunningControlPlane) -> None:
    for pid in pids(control_plane).values():
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(pid).net_connections()
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening
        assert set(listening) == {"127.0.0.1"}


def test_a_second_start_changes_nothing(control_plane: RunningControlPlane) -> None:
    before = pids(control_plane)
    assert said_by_start(control_plane) == []
    assert pids(control_plane) == before


def test_the_kubeconfig_makes_its_bearer_administrator(
    control_plane: RunningControlPlane,
) -> None:
    review = control_plane.api(client.AuthenticationV1Api).create_self_subject_review({})
    assert review.status.user_info.username == "ballast-admin"
    assert "system:masters" in review.status.user_info.groups


def test_the_usual_namespaces_are_there(control_plane: RunningControlPlane) -> None:
    found = {item.metadata.name for item in core_api(control_plane).list_namespace().items}
    assert {"default", "kube-system", "kube-public", "kube-node-lease"} <= found


def test_the_api_server_turns_away_whoever_shows_no_certificate(
    control_plane: RunningControlPlane,
) -> None:
    authority = control_plane.layout.cluster / "pki" / f"{CLUSTER_CA}.crt"
    context = ssl.create_default_context(cafile=str(authority))
    url = f"https://127.0.0.1:{control_plane.layout.port(API_SERVER)}/api"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(url, context=context)


def test_etcd_turns_away_a_client_of_the_api_server(control_plane: RunningControlPlane) -> None:
    pki = Pki(control_plane.layout.cluster / "pki")
    port = control_plane.layout.port(ETCD)

    def let_in(identity: str) -> bool:
        endpoint = Endpoint(port=port, pki=pki, authority=ETCD_CA, identity=identity)
        return endpoint.healthy("/health")

    assert let_in("etcd-client")
    assert not let_in("admin")


def test_a_service_account_token_is_accepted(control_plane: RunningControlPlane) -> None:
    core = core_api(control_plane)
    issued = core.create_namespaced_service_account_token("default", "default", {"spec": {}})
    reviews = control_plane.api(client.AuthenticationV1Api)
    review = reviews.create_token_review({"spec": {"token": issued.status.token}})
    assert review.status.user.username == "system:serviceaccount:default:default"


@pytest.mark.parametrize("name", PARTS)
def test_start_brings_back_a_killed_part_with_the_data_and_spares_the_others(
    mortal: RunningControlPlane, name: str
) -> None:
    kept = {"metadata": {"name": f"kept-{name}"}, "data": {"killed": name}}
    core_api(mortal).create_namespaced_config_map("default", kept)
    before = pids(mortal)

    kill(mortal, name)
    mortal.control_plane.start(print)

    after = pids(mortal)
    assert {part for part in PARTS if before[part] != after[part]} == {name}
    found = core_api(mortal).read_namespaced_config_map(f"kept-{name}", "default")
    assert found.data == {"killed": name}
    assert runs_a_pod(mortal, f"after-{name}")


def test_start_brings_everything_back_after_all_parts_were_killed(
    mortal: RunningControlPlane,
) -> None:
    kept = {"metadata": {"name": "kept-all"}}
    core_api(mortal).create_namespaced_config_map("default", kept)
    for name in PARTS:
        kill(mortal, name)
    mortal.control_plane.start(print)
    assert core_api(mortal).read_namespaced_config_map("kept-all", "default")
    assert runs_a_pod(mortal, "after-all")


def test_two_starts_at_once_make_one_control_plane(mortal: RunningControlPlane) -> None:
    mortal.control_plane.stop()
    with ThreadPoolExecutor(2) as both:
        starts = [both.submit(said_by_start, mortal) for _ in range(2)]
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
        said = said_by_start(mortal)
        assert any(f"port {port} of {name} is taken" in line for line in said)
        assert mortal.layout.port(name) != port
        assert runs_a_pod(mortal, f"moved-{name}")


def test_a_part_that_no_record_names_is_ended_before_another_one_starts(
    mortal: RunningControlPlane,
) -> None:
    lost = pids(mortal)[KWOK]
    (mortal.layout.run / f"{KWOK}.json").unlink()
    mortal.control_plane.start(print)
    found = pids(mortal)[KWOK]
    assert found not in {None, lost}
    assert lost
    assert not alive(lost)


def test_an_address_survives_a_restart(mortal: RunningControlPlane) -> None:
    before = mortal.layout.kubeconfig.read_text()
    mortal.control_plane.stop()
    mortal.control_plane.start(print)
    assert mortal.layout.kubeconfig.read_text() == before


def test_stop_leaves_no_process(mortal: RunningControlPlane) -> None:
    before = [pid for pid in pids(mortal).values() if pid]
    mortal.control_plane.stop()
    assert not any(part.running for part in mortal.control_plane.status())
    assert not [pid for pid in before if alive(pid)]


def test_reset_forgets_every_object(mortal: RunningControlPlane) -> None:
    mortal.control_plane.start(print)
    core_api(mortal).create_namespaced_config_map("default", {"metadata": {"name": "forgotten"}})
    mortal.control_plane.reset()
    assert not mortal.layout.cluster.exists()
    mortal.control_plane.start(print)
    names = [
        item.metadata.name for item in core_api(mortal).list_namespaced_config_map("default").items
    ]
    assert "forgotten" not in names


def test_what_was_never_started_is_not_running(tmp_path_factory: pytest.TempPathFactory) -> None:
    never = ControlPlane(ScratchLayout(folder=tmp_path_factory.mktemp("never")), {})
    assert [part.running for part in never.status()] == [False] * len(PARTS)
    never.stop()
