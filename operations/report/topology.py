"""Zones, tiers, node pools, stages and who calls whom, read off the resources of a preview."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from operations.report.resources import Components, Resource, items, section

# From the internet inwards.
TIERS: Final = ("public", "private", "serving", "isolated")
_STAGES: Final = ("InferenceGateway", "ResultAggregator", "ModelServing")


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """One subnet."""

    tier: str
    zone: str
    cidr: str


@dataclass(frozen=True, kw_only=True)
class Pool:
    """One node group."""

    name: str
    spot: bool
    gpu: bool
    instance_types: Sequence[str]
    # Smallest, as it starts, largest; absent: not known before the update.
    sizes: tuple[int, int, int] | None
    labels: Mapping[str, str]
    tainted: bool


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One workload of the request pipeline."""

    name: str
    # The component's kind, such as ModelServing.
    kind: str
    replicas: int | None
    # Names of the pools that its pods may land on.
    pools: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Topology:
    """What stands where, and who calls whom."""

    cidr: str
    subnets: Sequence[Subnet]
    # Zones with a NAT gateway.
    nat_zones: Sequence[str]
    pools: Sequence[Pool]
    stages: Sequence[Stage]
    # From one stage's name to another's.
    calls: Sequence[tuple[str, str]]
    # CIDR or name of each network that is peered with.
    peers: Sequence[str]
    # Services with a private endpoint.
    endpoints: Sequence[str]

    @property
    def zones(self) -> list[str]:
        """The availability zones, in order."""
        return sorted({subnet.zone for subnet in self.subnets})

    @property
    def tiers(self) -> list[str]:
        """The tiers that there are, from the internet inwards; unknown ones last."""
        found = {subnet.tier for subnet in self.subnets}
        return [tier for tier in TIERS if tier in found] + sorted(found - set(TIERS))


def read(resources: Mapping[str, Resource]) -> Topology:
    """Return the topology of what will be there."""
    components = Components(resources)
    held = sorted(resources.values(), key=lambda one: one.urn)
    pools = [_pool(one) for one in _of(held, "aws:eks/nodeGroup:NodeGroup")]
    pools.sort(key=lambda pool: (pool.tainted, pool.spot, pool.name))
    stages = [
        _stage(one, pools, components.of(one.urn).split(" ")[0])
        for one in held
        if one.type == "kubernetes:apps/v1:Deployment"
        and components.of(one.urn).startswith(_STAGES)
    ]
    stages.sort(key=lambda stage: (_STAGES.index(stage.kind), stage.name))
    return Topology(
        cidr=next((_text(one, "cidrBlock") for one in _of(held, "aws:ec2/vpc:Vpc")), ""),
        subnets=[_subnet(one) for one in _of(held, "aws:ec2/subnet:Subnet")],
        nat_zones=_nat_zones(held),
        pools=pools,
        stages=stages,
        calls=_calls(stages),
        peers=_peers(held),
        endpoints=sorted(
            _text(one, "serviceName").rpartition("amazonaws.")[2].partition(".")[2]
            for one in _of(held, "aws:ec2/vpcEndpoint:VpcEndpoint")
        ),
    )


def _of(resources: Iterable[Resource], type_: str) -> list[Resource]:
    return [one for one in resources if one.type == type_]


def _text(resource: Resource, key: str) -> str:
    value = resource.inputs.get(key)
    return value if isinstance(value, str) else ""


def _subnet(resource: Resource) -> Subnet:
    tags = section(resource.inputs.get("tags"))
    return Subnet(
        tier=str(tags.get("ballast:tier", "-")),
        zone=_text(resource, "availabilityZone"),
        cidr=_text(resource, "cidrBlock"),
    )


def _nat_zones(resources: Iterable[Resource]) -> list[str]:
    """Return the zones of NAT gateways: their subnets are not known yet, their names end in one."""
    held = list(resources)
    zones = {_text(one, "availabilityZone") for one in _of(held, "aws:ec2/subnet:Subnet")}
    gateways = _of(held, "aws:ec2/natGateway:NatGateway")
    return sorted(zone for zone in zones for one in gateways if one.name.endswith(zone))


def _pool(resource: Resource) -> Pool:
    labels = section(resource.inputs.get("labels"))
    scaling = section(resource.inputs.get("scalingConfig"))
    sizes = [scaling.get(key) for key in ("minSize", "desiredSize", "maxSize")]
    known = [int(size) for size in sizes if isinstance(size, int | float)]
    return Pool(
        name=str(labels.get("ballast/pool", resource.name)),
        spot=resource.inputs.get("capacityType") == "SPOT",
        gpu="accelerator" in labels,
        instance_types=[str(one) for one in items(resource.inputs.get("instanceTypes"))],
        sizes=(known[0], known[1], known[2]) if len(known) == 3 else None,
        labels={key: str(value) for key, value in labels.items()},
        tainted=bool(resource.inputs.get("taints")),
    )


def _stage(resource: Resource, pools: Sequence[Pool], kind: str) -> Stage:
    metadata = section(resource.inputs.get("metadata"))
    spec = section(resource.inputs.get("spec"))
    replicas = spec.get("replicas")
    pod = section(section(spec.get("template")).get("spec"))
    return Stage(
        name=str(metadata.get("name", resource.name)),
        kind=kind,
        replicas=int(replicas) if isinstance(replicas, int | float) else None,
        pools=[pool.name for pool in pools if _may_land(pod, pool)],
    )


def _may_land(pod: Mapping[str, Any], pool: Pool) -> bool:
    """Return whether the scheduler would take a node of the pool: labels wanted, taint borne."""
    if pool.tainted and not pod.get("tolerations"):
        return False
    selector = section(pod.get("nodeSelector"))
    if any(pool.labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = section(section(pod.get("affinity")).get("nodeAffinity"))
    required = section(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    terms = items(required.get("nodeSelectorTerms"))
    return not terms or any(_matches(section(term), pool) for term in terms)


def _matches(term: Mapping[str, Any], pool: Pool) -> bool:
    return all(
        pool.labels.get(str(expression.get("key"))) in items(expression.get("values"))
        for expression in map(section, items(term.get("matchExpressions")))
        if expression.get("operator") == "In"
    )


def _calls(stages: Sequence[Stage]) -> list[tuple[str, str]]:
    """Return who calls whom: the gateway is in front of everything, the aggregator fans out."""
    by_kind: dict[str, list[str]] = {}
    for stage in stages:
        by_kind.setdefault(stage.kind, []).append(stage.name)
    gateways = by_kind.get("InferenceGateway", [])
    aggregators = by_kind.get("ResultAggregator", [])
    models = by_kind.get("ModelServing", [])
    return [
        *((gateway, one) for gateway in gateways for one in (*aggregators, *models)),
        *((aggregator, model) for aggregator in aggregators for model in models),
    ]


def _peers(resources: Iterable[Resource]) -> list[str]:
    held = _of(resources, "aws:ec2/vpcPeeringConnection:VpcPeeringConnection")
    return [_text(one, "peerVpcId") or one.name for one in held]
