from typing import Any

import pytest

from catalog import prices
from operations.cost.estimate import Cost, Priced, estimate
from rules.inference.cost import _total
from tests.support.policy import Given, to_index

GROUP = "aws:eks/nodeGroup:NodeGroup"
MONTH = prices.HOURS_PER_MONTH


def group(**changes: Any) -> dict[str, Any]:
    inputs = {
        "capacityType": "ON_DEMAND",
        "instanceTypes": ["g6.2xlarge"],
        "scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 4},
    }
    return {**inputs, **changes}


def priced(type_: str, inputs: dict[str, Any], component: str = "GpuPool gpu") -> Priced:
    return Priced(type=type_, name="it", component=component, inputs=inputs)


def price_of(kind: str) -> float:
    price = prices.on_demand(kind)
    assert price is not None
    return price


def test_nodes_cost_what_their_scaler_allows() -> None:
    month = price_of("g6.2xlarge") * MONTH
    total = estimate([priced(GROUP, group())]).total
    assert (total.floor, total.expected, total.peak) == pytest.approx((month, 2 * month, 4 * month))


def test_spot_costs_a_share_of_the_list_price() -> None:
    total = estimate([priced(GROUP, group(capacityType="SPOT"))]).total
    listed = estimate([priced(GROUP, group())]).total
    assert 0 < total.floor < listed.floor
    assert total.floor < total.expected < total.peak


def test_of_several_types_the_floor_takes_the_cheapest_and_the_peak_the_dearest() -> None:
    total = estimate([priced(GROUP, group(instanceTypes=["g6.2xlarge", "g5.4xlarge"]))]).total
    assert total.floor == pytest.approx(price_of("g6.2xlarge") * MONTH)
    assert total.peak == pytest.approx(4 * price_of("g5.4xlarge") * MONTH)


def test_disks_of_a_component_s_nodes_are_counted_with_the_nodes() -> None:
    template = priced(
        "aws:ec2/launchTemplate:LaunchTemplate",
        {"blockDeviceMappings": [{"ebs": {"volumeSize": 100}}, {"ebs": {"volumeSize": 50}}]},
    )
    found = estimate([priced(GROUP, group()), template])
    (disks,) = [line for line in found.lines if "gp3" in line.what]
    assert disks.cost.peak == pytest.approx(4 * 150 * prices.GP3_GIB)


def test_disks_of_other_components_are_theirs() -> None:
    template = priced(
        "aws:ec2/launchTemplate:LaunchTemplate",
        {"blockDeviceMappings": [{"ebs": {"volumeSize": 100}}]},
        "GpuPool other",
    )
    found = estimate([priced(GROUP, group()), template])
    assert [line for line in found.lines if "gp3" in line.what] == []


@pytest.mark.parametrize(
    ("type_", "inputs", "monthly"),
    [
        ("aws:eks/cluster:Cluster", {}, prices.EKS_CONTROL_PLANE * MONTH),
        ("aws:ec2/natGateway:NatGateway", {}, prices.NAT_GATEWAY * MONTH),
        ("aws:ec2/eip:Eip", {}, prices.PUBLIC_ADDRESS * MONTH),
        ("aws:kms/key:Key", {}, prices.KMS_KEY),
        (
            "aws:ec2/vpcEndpoint:VpcEndpoint",
            {"vpcEndpointType": "Interface", "subnetIds": ["a", "b", "c"]},
            3 * prices.INTERFACE_ENDPOINT * MONTH,
        ),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcEndpointType": "Gateway"}, 0),
        (
            "kubernetes:core/v1:Service",
            {"spec": {"type": "LoadBalancer"}},
            prices.LOAD_BALANCER * MONTH,
        ),
        ("kubernetes:core/v1:Service", {"spec": {"type": "ClusterIP"}}, 0),
        ("aws:iam/role:Role", {}, 0),
    ],
)
def test_what_runs_all_the_time_costs_the_same_at_any_load(
    type_: str, inputs: dict[str, Any], monthly: float
) -> None:
    total = estimate([priced(type_, inputs)]).total
    assert total == Cost(*[pytest.approx(monthly)] * 3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"instanceTypes": ["z9.huge"]}, "no price for z9.huge"),
        ({"instanceTypes": "(known after the update)"}, "not known yet"),
        ({"scalingConfig": "(known after the update)"}, "sizes are not known"),
        ({"scalingConfig": {"minSize": 1}}, "sizes are not known"),
    ],
)
def test_what_has_no_price_is_said_and_does_not_end_the_estimate(
    changes: dict[str, Any], said: str
) -> None:
    found = estimate([priced(GROUP, group(**changes)), priced("aws:kms/key:Key", {})])
    assert found.total.expected == prices.KMS_KEY
    assert [said in one for one in found.unpriced] == [True]


def test_another_region_is_said_to_differ() -> None:
    assert "eu-west-1" in estimate([], "eu-west-1").unpriced[0]


def test_components_are_summed_the_dearest_first() -> None:
    found = estimate(
        [
            priced("aws:kms/key:Key", {}, "cheap"),
            priced(GROUP, group(), "dear"),
            priced("aws:kms/key:Key", {}, "cheap"),
        ]
    ).by_component()
    assert list(found) == ["dear", "cheap"]
    assert found["cheap"].peak == 2 * prices.KMS_KEY


@pytest.mark.parametrize("capacity", ["SPOT", "ON_DEMAND"])
def test_pools_cost_what_the_budget_s_policy_says_that_they_cost(capacity: str) -> None:
    """Two numbers in one report would make both worthless."""
    inputs = group(
        capacityType=capacity,
        instanceTypes=["g6.2xlarge", "g5.2xlarge", "g6.4xlarge"],
        scalingConfig={"minSize": 1, "desiredSize": 3, "maxSize": 9},
    )
    by_policy, unknown = _total(to_index([Given(token=GROUP, props=inputs)]))
    total = estimate([priced(GROUP, inputs)]).total
    assert unknown == []
    assert (total.floor, total.expected, total.peak) == pytest.approx(
        (by_policy.floor, by_policy.expected, by_policy.peak)
    )
