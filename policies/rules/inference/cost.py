"""What the previewed stack costs a month: at the least, as a rule, and at the most."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from catalog import prices
from frame.resource import Index, Resource
from frame.rule import Category, Rule, Setting, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Note, Outcome, Undetermined, Violation
from rules import frameworks
from rules.aws.cluster import CLUSTER, NODE_GROUP
from rules.aws.instances import INSTANCE
from rules.inference import pools
from rules.inference.demand import gpu_workloads
from rules.inference.facts import number
from rules.inference.pools import Pool

_NAT: Final = "aws:ec2/natGateway:NatGateway"
_ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"
_VOLUME: Final = "aws:ebs/volume:Volume"
_BALANCERS: Final = ("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
_TOKENS: Final = (CLUSTER, NODE_GROUP, INSTANCE, _NAT, _ENDPOINT, _VOLUME, *_BALANCERS)


@dataclass(frozen=True, slots=True)
class Cost:
    """USD a month."""

    floor: float = 0.0
    expected: float = 0.0
    peak: float = 0.0

    def plus(self, other: Cost) -> Cost:
        """Add another cost."""
        return Cost(
            self.floor + other.floor, self.expected + other.expected, self.peak + other.peak
        )


def _check(index: Index, settings: Settings) -> Iterator[Outcome]:
    total, unknown = _total(index)
    if total == Cost() and not unknown:
        yield NotApplicable("nothing in this stack has a price in the catalogue")
        return
    yield from unknown
    budget = settings["monthlyBudget"]
    said = (
        f"{total.floor:,.0f} USD a month at the least, {total.expected:,.0f} as a rule, "
        f"{total.peak:,.0f} with every pool full"
    )
    limit = {"floor": total.floor, "expected": total.expected, "peak": total.peak}[
        settings["measure"]
    ]
    if budget and limit > budget:
        found = f"{said}; the budget is {budget:,.0f} ({settings['measure']})"
        yield Violation(path="", found=found)
    else:
        yield Note(said=said)
    yield from _per_token(index, settings)


def _total(index: Index) -> tuple[Cost, list[Undetermined]]:
    total, unknown = Cost(), list[Undetermined]()
    for pool in pools.all_pools(index):
        if pool.resource.token == NODE_GROUP:
            if pool.most_nodes is None or pool.open_types:
                place = "instanceTypes" if pool.open_types else "scalingConfig.maxSize"
                unknown.append(Undetermined(path=place, urn=pool.resource.urn))
            total = total.plus(_pool_cost(pool))
    for resource in index.resources:
        total = total.plus(_fixed(resource))
    return total, unknown


def _pool_cost(pool: Pool) -> Cost:
    hours = prices.HOURS_PER_MONTH
    each = [price for name in pool.types if (price := prices.on_demand(name)) is not None]
    if not each:
        return Cost()
    spot = pool.capacity == "spot"
    low, high = _shares(pool) if spot else (1.0, 1.0)
    desired = pool.resource.at("scalingConfig", "desiredSize").number() or pool.least_nodes
    most = pool.most_nodes or 0
    most = desired if math.isinf(most) else most
    return Cost(
        floor=pool.least_nodes * min(each) * low * hours,
        expected=desired * sum(each) / len(each) * (low + high) / 2 * hours,
        # At the worst spot costs what it did at its highest, and the dearest type is taken.
        peak=most * max(each) * high * hours,
    )


def _shares(pool: Pool) -> tuple[float, float]:
    found = [prices.spot_share(name) for name in pool.types]
    return min(low for low, _ in found), max(high for _, high in found)


def _fixed(resource: Resource) -> Cost:
    hourly = 0.0
    if resource.token == CLUSTER:
        hourly = prices.EKS_CONTROL_PLANE
    elif resource.token == _NAT:
        hourly = prices.NAT_GATEWAY + prices.PUBLIC_ADDRESS
    elif resource.token in _BALANCERS:
        hourly = prices.LOAD_BALANCER
    elif resource.token == _ENDPOINT and resource.at("vpcEndpointType").value == "Interface":
        zones = sum(1 for _ in resource.at("subnetIds").each()) or 1
        hourly = prices.INTERFACE_ENDPOINT * zones
    elif resource.token == INSTANCE:
        hourly = prices.on_demand(resource.at("instanceType").text()) or 0.0
    monthly = hourly * prices.HOURS_PER_MONTH
    if resource.token == _VOLUME:
        monthly = (resource.at("size").number() or 0) * prices.GP3_GIB
    return Cost(monthly, monthly, monthly)


def _per_token(index: Index, settings: Settings) -> Iterator[Outcome]:
    for workload, pod, each in gpu_workloads(index):
        speed = number(index, workload, "tokens-per-second")
        hourly = _pod_price(pools.pools_of(index, pod), each)
        if not speed or hourly is None:
            continue
        price = hourly / (speed * 3600 / 1_000_000)
        name = f"{workload.kind} {workload.object_name.shown()}"
        said = f"{name} generates a million tokens for {price:.2f} USD at full load"
        if settings["perMillionTokens"] and price > settings["perMillionTokens"]:
            found = f"{said}; at most {settings['perMillionTokens']:g} are allowed"
            yield Violation(path="", found=found, urn=workload.urn)
        else:
            yield Note(said=said, urn=workload.urn)


def _pod_price(found: Sequence[Pool], each: float) -> float | None:
    """Return what one pod pays an hour for its part of the cheapest node that it can have."""
    costs: list[float] = []
    for pool in found:
        for machine in pool.machines:
            price = prices.on_demand(machine.name)
            if price is not None and machine.gpu_count:
                share = prices.spot_share(machine.name)[1] if pool.capacity == "spot" else 1.0
                costs.append(price * share * each / machine.gpu_count)
    return min(costs, default=None)


BUDGET: Final = StackRule(
    id="stack-cost-within-budget",
    title="The stack's monthly cost is known before it is made, and within its budget",
    why=(
        "The bill comes a month after the change, and one pool's maximum is a line in a file: 8 "
        "more p5.48xlarge are 321,000 USD a month on demand. What a preview says can still be "
        "changed."
    ),
    fix='scaling_config={"max_size": 4, ...}',
    severity=Severity.MEDIUM,
    category=Category.COST,
    tokens=_TOKENS,
    covers=("L18",),
    check=_check,
    settings={
        "monthlyBudget": Setting(
            type="number",
            default=0,
            description="USD a month; 0 means none, and the cost is only told.",
            more={"minimum": 0},
        ),
        "measure": Setting(
            type="string",
            default="expected",
            description="Which cost is held against the budget.",
            more={"enum": ["floor", "expected", "peak"]},
        ),
        "perMillionTokens": Setting(
            type="number",
            default=0,
            description="USD that a million generated tokens may cost; 0 means any.",
            more={"minimum": 0},
        ),
    },
    frameworks=(frameworks.well_architected("COST02-BP02 Implement goals and targets"),),
)

RULES: Final[Sequence[Rule]] = (BUDGET,)
