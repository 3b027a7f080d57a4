"""How the network is laid out: tiers, endpoints, and what joins environments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.resource import Index, Resource
from frame.rule import Category, Rule, Setting, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.aws.cluster import CLUSTER, NODE_GROUP
from rules.aws.edge import BALANCERS
from rules.aws.network import ROUTE, ROUTE_TABLE, SUBNET, VPC

_GATEWAY: Final = "aws:ec2/internetGateway:InternetGateway"


_NAT: Final = "aws:ec2/natGateway:NatGateway"


_ASSOCIATION: Final = "aws:ec2/routeTableAssociation:RouteTableAssociation"


_ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"


_DATA: Final = (
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:elasticache/subnetGroup:SubnetGroup",
    "aws:efs/mountTarget:MountTarget",
    "aws:memorydb/subnetGroup:SubnetGroup",
    "aws:redshift/subnetGroup:SubnetGroup",
)


_SUBNET_FIELDS: Final = ("subnetIds", "subnets", "subnetId", "subnetMappings")


_WANTED: Final = ("s3", "ecr.api", "ecr.dkr")


def _check_routed(index: Index, _settings: Settings) -> Iterator[Outcome]:
    groups = index.of_token(NODE_GROUP)
    public = _public_subnets(index)
    for group in groups:
        for subnet in index.behind(group, "subnetIds", SUBNET):
            if subnet.urn in public:
                found = (
                    f"node group {group.name} stands in {subnet.name}, which {public[subnet.urn]}"
                )
                yield Violation(path="subnetIds", found=found, urn=group.urn)
    if not groups:
        yield NotApplicable("no node group")


def _public_subnets(index: Index) -> dict[str, str]:
    """Return the subnets whose route table leads to the internet gateway, and how."""

    def find() -> dict[str, str]:
        tables = {
            table.urn
            for table in index.of_token(ROUTE_TABLE)
            if index.behind(table, "routes", _GATEWAY)
        }
        for route in index.of_token(ROUTE):
            if index.behind(route, "gatewayId", _GATEWAY):
                tables |= {table.urn for table in index.behind(route, "routeTableId", ROUTE_TABLE)}
        found: dict[str, str] = {}
        for link in index.of_token(_ASSOCIATION):
            for table in index.behind(link, "routeTableId", ROUTE_TABLE):
                if table.urn in tables:
                    for subnet in index.behind(link, "subnetId", SUBNET):
                        found[subnet.urn] = f"routes to the internet gateway ({table.name})"
        return found

    return index.once("public_subnets", find)


def _check_tiers(index: Index, _settings: Settings) -> Iterator[Outcome]:
    tiers = {
        "load balancers": _subnets_of(index, index.of_token(*BALANCERS)),
        "nodes": _subnets_of(index, index.of_token(NODE_GROUP)),
        "data": _subnets_of(index, index.of_token(*_DATA)),
    }
    for subnet in index.of_token(SUBNET):
        users = [name for name, urns in tiers.items() if subnet.urn in urns]
        if len(users) > 1:
            found = f"{subnet.name} holds {' and '.join(users)}"
            yield Violation(path="", found=found, urn=subnet.urn)
    if not index.of_token(SUBNET):
        yield NotApplicable("no subnet")


def _subnets_of(index: Index, users: Sequence[Resource]) -> set[str]:
    return {
        subnet.urn
        for user in users
        for field in _SUBNET_FIELDS
        for subnet in index.behind(user, field, SUBNET)
    }


def _check_endpoints(index: Index, settings: Settings) -> Iterator[Outcome]:
    vpcs = [vpc for vpc in index.of_token(VPC) if _has_nodes(index, vpc)]
    for vpc in vpcs:
        made = [
            item for item in index.of_token(_ENDPOINT) if vpc in index.behind(item, "vpcId", VPC)
        ]
        names = [item.at("serviceName") for item in made]
        missing = [
            service
            for service in settings["services"]
            if not any(name.text().endswith(f".{service}") for name in names)
        ]
        unknown = next((name for name in names if name.unknown), None)
        if missing and unknown:
            yield Undetermined(path=unknown.path, urn=made[0].urn)
        elif missing:
            found = (
                f"no endpoint for {', '.join(missing)}: nodes go out to fetch images and weights"
            )
            yield Violation(path="", found=found, urn=vpc.urn)
    if not vpcs:
        yield NotApplicable("no network with nodes")


def _has_nodes(index: Index, vpc: Resource) -> bool:
    users = [*index.of_token(NODE_GROUP), *index.of_token(CLUSTER)]
    subnets = {
        subnet.urn
        for user in users
        for field in ("subnetIds", "vpcConfig")
        for subnet in index.behind(user, field, SUBNET)
    }
    return any(
        subnet.urn in subnets and vpc in index.behind(subnet, "vpcId", VPC)
        for subnet in index.of_token(SUBNET)
    )


ROUTED: Final = StackRule(
    id="nodes-not-in-public-subnets",
    title="Nodes stand in subnets that have no route from the internet",
    why=(
        "In a subnet with a route to the internet gateway one public address, or one wrong line in "
        "a security group, puts a kubelet and a model server on the internet. Nodes need a way out "
        "only, and that is a NAT gateway, or an endpoint."
    ),
    fix="subnet_ids=[subnet.id for subnet in network.private_subnets]",
    severity=Severity.HIGH,
    category=Category.NETWORK,
    tokens=(NODE_GROUP,),
    covers=("L6",),
    check=_check_routed,
    frameworks=(
        frameworks.cis_eks("5.4.3 Ensure clusters are created with private nodes"),
        frameworks.well_architected("SEC05-BP01 Create network layers"),
    ),
)


TIERS: Final = StackRule(
    id="tiers-do-not-share-subnets",
    title="Load balancers, nodes and data have subnets of their own",
    why=(
        "In one subnet no network ACL and no route table can tell the door from the vault: what "
        "reaches the load balancer reaches the database's network too, and prefix delegation of "
        "GPU nodes eats the addresses that the load balancer needs to grow."
    ),
    fix='aws.ec2.Subnet("isolated-a", vpc_id=vpc.id, cidr_block="10.20.192.0/22")',
    severity=Severity.MEDIUM,
    category=Category.NETWORK,
    tokens=(SUBNET,),
    covers=("L6",),
    check=_check_tiers,
    frameworks=(frameworks.well_architected("SEC05-BP01 Create network layers"),),
)


ENDPOINTS: Final = StackRule(
    id="networks-have-private-endpoints",
    title="Images and weights come through private endpoints",
    why=(
        "A NAT gateway takes 0.045 USD a GB: one image of 10 GB and weights of 15 GB on each of 40 "
        "new nodes a day is 1,350 USD a month. The S3 endpoint, which ECR's layers come through "
        "too, costs nothing."
    ),
    fix='aws.ec2.VpcEndpoint("s3", vpc_id=vpc.id, service_name="com.amazonaws.us-east-1.s3")',
    severity=Severity.MEDIUM,
    category=Category.COST,
    tokens=(VPC,),
    covers=("L6",),
    check=_check_endpoints,
    settings={
        "services": Setting(
            type="array",
            default=list(_WANTED),
            description="The services that need an endpoint, by the end of their name.",
            more={"items": {"type": "string"}},
        )
    },
    frameworks=(frameworks.well_architected("COST08-BP03 Implement services to reduce transfer"),),
)


RULES: Final[Sequence[Rule]] = (ROUTED, TIERS, ENDPOINTS)
