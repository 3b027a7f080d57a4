"""Requests to EKS against botocore's description of it."""

from __future__ import annotations

import datetime
import json
from typing import Any

import botocore.session
import pytest

from embedded.cloud.eks.errors import InvalidParameter
from embedded.cloud.eks.protocol import read_parameters, write_answer


@pytest.fixture(scope="module")
def eks() -> Any:
    return botocore.session.get_session().get_service_model("eks")


def _read(eks: Any, operation: str, body: Any, **query: list[str]) -> dict[str, Any]:
    labels = {"name": "main", "nodegroupName": "gpu"}
    return read_parameters(eks.operation_model(operation), labels, query, json.dumps(body).encode())


def test_labels_query_and_body_come_under_their_own_names(eks: Any) -> None:
    found = _read(eks, "UpdateNodegroupConfig", {"scalingConfig": {"desiredSize": 2}})
    assert found == {
        "clusterName": "main",
        "nodegroupName": "gpu",
        "scalingConfig": {"desiredSize": 2},
    }
    assert _read(eks, "ListNodegroups", {}, maxResults=["5"])["maxResults"] == 5


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("CreateCluster", {"nam": "x"}, "unknown parameter nam; known: .*name"),
        ("CreateCluster", {"name": "x"}, "missing required parameter roleArn, resourcesVpcConfig"),
        (
            "CreateNodegroup",
            {"scalingConfig": {"minsize": 1}},
            r"unknown parameter minsize|missing",
        ),
        (
            "UpdateNodegroupConfig",
            {"scalingConfig": {"desiredSize": "2"}},
            r'scalingConfig.desiredSize: expected integer, got "2"',
        ),
        (
            "UpdateNodegroupConfig",
            {"scalingConfig": {"desiredSize": True}},
            "desiredSize: expected integer, got true",
        ),
        (
            "UpdateNodegroupConfig",
            {"scalingConfig": {"desiredSize": -1}},
            "desiredSize: value -1 is outside 0 to any",
        ),
        (
            "UpdateNodegroupConfig",
            {"taints": {"addOrUpdateTaints": [{"key": "a", "effect": "NoSchedule"}]}},
            r"addOrUpdateTaints\[0\].effect: 'NoSchedule' is not one of NO_SCHEDULE",
        ),
        (
            "UpdateClusterConfig",
            {"accessConfig": {"authenticationMode": "api"}},
            "'api' is not one of API, API_AND_CONFIG_MAP, CONFIG_MAP",
        ),
        ("UpdateNodegroupConfig", {"labels": ["a"]}, r"labels: expected structure, got \[\"a\"\]"),
    ],
)
def test_what_the_description_does_not_have_is_refused(
    eks: Any, operation: str, body: Any, message: str
) -> None:
    with pytest.raises(InvalidParameter, match=message):
        _read(eks, operation, body)


def test_a_name_that_aws_does_not_take_is_refused(eks: Any) -> None:
    body = {"name": "-x", "roleArn": "r", "resourcesVpcConfig": {}}
    with pytest.raises(InvalidParameter, match="'-x' does not match"):
        _read(eks, "CreateCluster", body)


@pytest.mark.parametrize("body", [b"[]", b"{", b'"x"'])
def test_a_body_that_is_no_object_is_refused(eks: Any, body: bytes) -> None:
    with pytest.raises(InvalidParameter, match="not a JSON object"):
        read_parameters(eks.operation_model("CreateCluster"), {}, {}, body)


def test_a_page_size_that_is_no_number_is_refused(eks: Any) -> None:
    with pytest.raises(InvalidParameter, match="'ten' is not a whole number"):
        _read(eks, "ListNodegroups", {}, maxResults=["ten"])


def test_an_answer_has_seconds_for_dates_and_no_nulls() -> None:
    moment = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
    answer = json.loads(write_answer({"a": {"at": moment, "no": None}, "b": [None, False]}))
    assert answer == {"a": {"at": moment.timestamp()}, "b": [None, False]}
