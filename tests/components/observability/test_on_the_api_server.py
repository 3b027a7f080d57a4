"""What the component makes, judged by the operators' own schemas in a real API server."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from components.observability.observability import Observability, ObservabilityArgs
from tests.components.observability.samples import WATCHED
from tests.support.engine import deploy
from tests.support.environment import RunningControlPlane

pytestmark = pytest.mark.embedded

_COMPONENT, RESOURCES = deploy(
    lambda: Observability("observability", ObservabilityArgs(watched=WATCHED))
)
CUSTOM = [one for one in RESOURCES if "monitoring.coreos.com" in one.type]


@pytest.fixture(scope="module")
def custom(control_plane: RunningControlPlane) -> Any:
    return control_plane.api(client.CustomObjectsApi)


def create(custom: Any, inputs: dict[str, Any], spec: dict[str, Any]) -> Any:
    return custom.create_namespaced_custom_object(
        "monitoring.coreos.com",
        "v1",
        "default",
        f"{inputs['kind'].lower()}s",
        {**inputs, "spec": spec, "metadata": {**inputs["metadata"], "namespace": "default"}},
        dry_run="All",
        field_validation="Strict",
    )


@pytest.mark.parametrize("name", [one.name for one in CUSTOM])
def test_the_schema_takes_every_object_without_an_unknown_field(custom: Any, name: str) -> None:
    inputs = next(one.inputs for one in CUSTOM if one.name == name)
    made = create(custom, inputs, inputs["spec"])
    assert made["metadata"]["name"] == inputs["metadata"]["name"]


def test_the_schema_refuses_what_it_does_not_know(custom: Any) -> None:
    inputs = next(one.inputs for one in CUSTOM if one.inputs["kind"] == "PrometheusRule")
    with pytest.raises(ApiException, match="unknown field"):
        create(custom, inputs, {**inputs["spec"], "grups": []})
