"""The definitions of KEDA and of the Prometheus operator in a real API server."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client

from embedded.cluster.custom_resources import DEFINITIONS, NotServedError, _wait, install
from embedded.cluster.endpoint import Endpoint
from embedded.cluster.parts import API_SERVER, Parts
from embedded.cluster.pki import Pki
from tests.support.environment import RunningControlPlane, eventually

pytestmark = pytest.mark.embedded

NAMES = {
    "clustertriggerauthentications.keda.sh",
    "podmonitors.monitoring.coreos.com",
    "prometheusrules.monitoring.coreos.com",
    "scaledobjects.keda.sh",
    "servicemonitors.monitoring.coreos.com",
    "triggerauthentications.keda.sh",
}


@pytest.fixture
def api_server(control_plane: RunningControlPlane) -> Endpoint:
    layout = control_plane.layout
    return Parts(layout, control_plane.tools, Pki(layout.cluster / "pki")).endpoint(API_SERVER)


@pytest.fixture
def definitions(control_plane: RunningControlPlane) -> Any:
    return control_plane.api(client.ApiextensionsV1Api)


def _names(definitions: Any) -> set[str]:
    return {one.metadata.name for one in definitions.list_custom_resource_definition().items}


def test_the_control_plane_has_them_from_its_start(definitions: Any) -> None:
    assert _names(definitions) >= NAMES


def test_all_definitions_are_served_and_a_second_start_changes_nothing(
    control_plane: RunningControlPlane, api_server: Endpoint, definitions: Any
) -> None:
    for name in NAMES:
        definitions.delete_custom_resource_definition(name)
    eventually(lambda: not _names(definitions) & NAMES)
    said: list[str] = []
    install(api_server, said.append)
    assert said[-1] == "6 custom resources are served"
    found = definitions.list_custom_resource_definition().items
    versions = {one.metadata.name: one.metadata.resource_version for one in found}
    assert versions.keys() >= NAMES
    custom = control_plane.api(client.CustomObjectsApi)
    listed = custom.list_cluster_custom_object("keda.sh", "v1alpha1", "scaledobjects")
    assert listed["items"] == []

    said.clear()
    install(api_server, said.append)
    assert said == []
    again = definitions.list_custom_resource_definition().items
    assert {one.metadata.name: one.metadata.resource_version for one in again} == versions


def test_what_is_never_served_is_said_with_where_to_look(
    api_server: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedded.cluster.custom_resources._WITHIN_SECONDS", 0.2)
    definition = {
        "metadata": {"name": "ghosts.example.org"},
        "spec": {
            "group": "example.org",
            "names": {"plural": "ghosts"},
            "versions": [{"name": "v1", "storage": True}],
        },
    }
    with pytest.raises(NotServedError, match=r"ghosts\.example\.org .* local logs kube-apiserver"):
        _wait(api_server, definition)


def test_every_definition_comes_from_a_pinned_module() -> None:
    assert all(published.sum.startswith("h1:") for published in DEFINITIONS)
