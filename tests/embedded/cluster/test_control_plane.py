"""The control plane as a whole: what it offers, what it takes, and whom it keeps out."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request

import psutil
import pytest
from kubernetes import client

from embedded.cluster.certificates import CLUSTER_CA, ETCD_CA
from embedded.cluster.control_plane import ControlPlane
from embedded.cluster.endpoint import Endpoint
from embedded.cluster.parts import API_SERVER, ETCD, PARTS
from embedded.cluster.pki import Pki
from tests.support.environment import (
    RunningControlPlane,
    ScratchLayout,
)

pytestmark = pytest.mark.embedded

GIB = 1024**3


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
    for pid in control_plane.pids().values():
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(pid).net_connections()
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening
        assert set(listening) == {"127.0.0.1"}


def test_a_second_start_changes_nothing(control_plane: RunningControlPlane) -> None:
    before = control_plane.pids()
    assert control_plane.start_again() == []
    assert control_plane.pids() == before


def test_the_kubeconfig_makes_its_bearer_administrator(
    control_plane: RunningControlPlane,
) -> None:
    review = control_plane.api(client.AuthenticationV1Api).create_self_subject_review({})
    assert review.status.user_info.username == "ballast-admin"
    assert "system:masters" in review.status.user_info.groups


def test_the_usual_namespaces_are_there(control_plane: RunningControlPlane) -> None:
    found = {
        item.metadata.name for item in control_plane.api(client.CoreV1Api).list_namespace().items
    }
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
    core = control_plane.api(client.CoreV1Api)
    issued = core.create_namespaced_service_account_token("default", "default", {"spec": {}})
    reviews = control_plane.api(client.AuthenticationV1Api)
    review = reviews.create_token_review({"spec": {"token": issued.status.token}})
    assert review.status.user.username == "system:serviceaccount:default:default"


def test_what_was_never_started_is_not_running(tmp_path_factory: pytest.TempPathFactory) -> None:
    never = ControlPlane(ScratchLayout(folder=tmp_path_factory.mktemp("never")), {})
    assert [part.running for part in never.status()] == [False] * len(PARTS)
    never.stop()
