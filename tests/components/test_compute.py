"""Which nodes there are, read off the whole program."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.programs import RecordedStack


def groups(stack: tuple[Any, ...]) -> dict[str, dict[str, Any]]:
    return {
        one.inputs["labels"]["ballast/pool"]: one.inputs
        for one in stack
        if one.type == "aws:eks/nodeGroup:NodeGroup"
    }


def test_with_nodes_for_pods_beside_them_system_nodes_are_the_system_s(
    recorded_stack: RecordedStack, embedded_stand_in: Path
) -> None:
    found = groups(recorded_stack("prod"))
    (taint,) = found["system"]["taints"]
    assert (taint["key"], taint["effect"]) == ("CriticalAddonsOnly", "NO_SCHEDULE")
    assert not found["cpu"].get("taints")


def test_alone_they_carry_the_pipeline_too(
    recorded_stack: RecordedStack, embedded_stand_in: Path
) -> None:
    found = groups(recorded_stack("dev"))
    assert "cpu" not in found
    assert not found["system"].get("taints")


@pytest.mark.parametrize("stack_name", ["staging", "prod"])
def test_production_has_a_base_that_is_warm_and_not_on_spot(
    stack_name: str, recorded_stack: RecordedStack, embedded_stand_in: Path
) -> None:
    found = groups(recorded_stack(stack_name))
    assert found["gpu24-base"]["capacityType"] == "ON_DEMAND"
    assert found["gpu24-base"]["scalingConfig"]["minSize"] >= 1
    spot, base = found["gpu24"], found["gpu24-base"]
    assert spot["taints"] == base["taints"]
    # Alike to pods: they differ in the pool's name and in how they are bought.
    differing = {key for key in spot["labels"] if spot["labels"][key] != base["labels"][key]}
    assert differing == {"ballast/pool", "ballast/capacity-type"}


@pytest.mark.parametrize("stack_name", ["dev", "staging", "prod"])
def test_spot_pools_of_every_stack_are_diversified(
    stack_name: str, recorded_stack: RecordedStack, embedded_stand_in: Path
) -> None:
    for group in groups(recorded_stack(stack_name)).values():
        if group["capacityType"] == "SPOT":
            types = group["instanceTypes"]
            assert len(types) >= 4
            assert len({name.split(".")[0] for name in types}) >= 2
