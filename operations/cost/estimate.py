"""List prices of what a preview would leave, from its resources' inputs.

Three numbers each: floor (every scaler at its minimum), expected (as it starts), peak (every
scaler at its maximum). Spot has a range, so its floor takes the lowest share of the list price, its
peak the highest, and what is expected the middle of the two; of several instance types the
cheapest, the dearest and the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog import prices


@dataclass(frozen=True, kw_only=True)
class Priced:
    """One resource to put a price on."""

    type: str
    name: str
    # URN of the component that it belongs to.
    component: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class Cost:
    """USD a month."""

    floor: float
    expected: float
    peak: float

    def __add__(self, other: Cost) -> Cost:
        """Return the sum, number by number."""
        return Cost(
            self.floor + other.floor, self.expected + other.expected, self.peak + other.peak
        )

    def times(self, count: float) -> Cost:
        """Return the cost of `count` of them."""
        return Cost(self.floor * count, self.expected * count, self.peak * count)


NOTHING = Cost(0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one resource costs, and for what."""

    name: str
    component: str
    what: str
    cost: Cost


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The lines, and what could not be priced."""

    lines: Sequence[Line]
    # Each with its reason: an estimate that leaves something out has to say so.
    unpriced: Sequence[str]

    @property
    def total(self) -> Cost:
        """The sum of all lines."""
        return sum((line.cost for line in self.lines), NOTHING)

    def by_component(self) -> dict[str, Cost]:
        """Return the sum of each component, dearest first."""
        sums: dict[str, Cost] = {}
        for line in self.lines:
            sums[line.component] = sums.get(line.component, NOTHING) + line.cost
        return dict(sorted(sums.items(), key=lambda item: -item[1].expected))


def estimate(resources: Iterable[Priced], region: str = prices.REGION) -> Estimate:
    """Return what the resources cost a month in `region`, data transfer not included."""
    held = list(resources)
    disks = _disks(held)
    lines: list[Line] = []
    unpriced: list[str] = []
    if region != prices.REGION:
        unpriced.append(f"prices are those of {prices.REGION}; {region} may differ by a tenth")
    for one in held:
        try:
            lines.extend(_lines(one, disks.get(one.component, 0), region))
        except _UnpricedError as error:
            unpriced.append(f"{one.name}: {error}")
    return Estimate(lines=lines, unpriced=unpriced)


class _UnpricedError(Exception):
    """There is no price for it."""


def _lines(one: Priced, disk_gib: int, region: str) -> Iterator[Line]:
    if one.type == "aws:eks/nodeGroup:NodeGroup":
        nodes, what = _node_group(one.inputs, region)
        yield Line(name=one.name, component=one.component, what=what, cost=nodes)
        if disk_gib:
            disks = _sizes(one.inputs)
            monthly = prices.GP3_GIB * disk_gib
            cost = Cost(*(size * monthly for size in disks))
            what = f"{disk_gib} GiB of gp3 a node"
            yield Line(name=one.name, component=one.component, what=what, cost=cost)
        return
    fixed = _FIXED.get(one.type)
    if fixed is not None and (found := fixed(one.inputs)) is not None:
        what, monthly = found
        cost = Cost(monthly, monthly, monthly)
        yield Line(name=one.name, component=one.component, what=what, cost=cost)


def _node_group(inputs: Mapping[str, Any], region: str) -> tuple[Cost, str]:
    """Return what the nodes cost: which of its types AWS gives is not known before.

    The same arithmetic as the policy stack-cost-within-budget; a test holds them together.
    """
    types = [str(kind) for kind in _list(inputs.get("instanceTypes"))]
    spot = inputs.get("capacityType") == "SPOT"
    hourly = [price for kind in types if (price := prices.on_demand(kind)) is not None]
    if not hourly:
        message = f"there is no price for {', '.join(types) or 'types that are not known yet'}"
        raise _UnpricedError(message)
    shares = [prices.spot_share(kind, region) for kind in types] if spot else [(1.0, 1.0)]
    low, high = min(share for share, _ in shares), max(share for _, share in shares)
    floor, expected, peak = _sizes(inputs)
    month = prices.HOURS_PER_MONTH
    cost = Cost(
        floor * min(hourly) * low * month,
        expected * sum(hourly) / len(hourly) * (low + high) / 2 * month,
        peak * max(hourly) * high * month,
    )
    kind = "spot" if spot else "on demand"
    return cost, f"{floor} to {peak} nodes, {kind}: {', '.join(types)}"


def _sizes(inputs: Mapping[str, Any]) -> tuple[int, int, int]:
    scaling = inputs.get("scalingConfig")
    held: Mapping[str, Any] = scaling if isinstance(scaling, Mapping) else {}
    sizes = [held.get(key) for key in ("minSize", "desiredSize", "maxSize")]
    if not all(isinstance(size, int | float) for size in sizes):
        message = "its sizes are not known before the update"
        raise _UnpricedError(message)
    floor, expected, peak = (int(size) for size in sizes if isinstance(size, int | float))
    return floor, expected, peak


def _disks(resources: Iterable[Priced]) -> dict[str, int]:
    """Return the gibibytes of a node's disks by component: a template's id is not known yet."""
    sizes: dict[str, int] = {}
    for one in resources:
        if one.type == "aws:ec2/launchTemplate:LaunchTemplate":
            mappings = _list(one.inputs.get("blockDeviceMappings"))
            volumes = [_volume(mapping) for mapping in mappings]
            known = [int(size) for size in volumes if isinstance(size, int | float)]
            sizes[one.component] = sum(known)
    return sizes


def _volume(mapping: Any) -> Any:
    disk = mapping.get("ebs") if isinstance(mapping, Mapping) else None
    return disk.get("volumeSize") if isinstance(disk, Mapping) else None


def _list(value: Any) -> list[Any]:
    """Return the value, or nothing where it is not known before the update."""
    return list(value) if isinstance(value, list) else []


_Fixed = Callable[[Mapping[str, Any]], tuple[str, float] | None]


def _cluster(_inputs: Mapping[str, Any]) -> tuple[str, float]:
    return "EKS control plane", prices.EKS_CONTROL_PLANE * prices.HOURS_PER_MONTH


def _nat(_inputs: Mapping[str, Any]) -> tuple[str, float]:
    return "NAT gateway, without traffic", prices.NAT_GATEWAY * prices.HOURS_PER_MONTH


def _address(_inputs: Mapping[str, Any]) -> tuple[str, float]:
    return "public address", prices.PUBLIC_ADDRESS * prices.HOURS_PER_MONTH


def _key(_inputs: Mapping[str, Any]) -> tuple[str, float]:
    return "KMS key", prices.KMS_KEY


def _endpoint(inputs: Mapping[str, Any]) -> tuple[str, float] | None:
    if inputs.get("vpcEndpointType") != "Interface":
        return None  # gateways are free
    zones = len(_list(inputs.get("subnetIds")))
    monthly = prices.INTERFACE_ENDPOINT * prices.HOURS_PER_MONTH * zones
    return f"interface endpoint in {zones} zones, without traffic", monthly


def _load_balancer(inputs: Mapping[str, Any]) -> tuple[str, float] | None:
    spec = inputs.get("spec")
    if not isinstance(spec, Mapping) or spec.get("type") != "LoadBalancer":
        return None
    return "load balancer, without traffic", prices.LOAD_BALANCER * prices.HOURS_PER_MONTH


_FIXED: Mapping[str, _Fixed] = {
    "aws:eks/cluster:Cluster": _cluster,
    "aws:ec2/natGateway:NatGateway": _nat,
    "aws:ec2/eip:Eip": _address,
    "aws:kms/key:Key": _key,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "kubernetes:core/v1:Service": _load_balancer,
}
