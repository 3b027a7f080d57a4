"""The rules about the whole stack: network, path of a request, cost, what failures leave."""

from __future__ import annotations

from typing import Any

import pytest

from catalog import prices
from frame import run
from frame.facts import UNKNOWN
from frame.run import FindingKind
from frame.verdict import Kind, Verdict
from rules.inference import cost, environments, failure, path, topology
from tests.support.policy import Given, but, judge_stack, to_index


def aws(token: str, name: str, props: dict[str, Any] | None = None, **through: Any) -> Given:
    links = {key: value if isinstance(value, list) else [value] for key, value in through.items()}
    unknown = dict.fromkeys(links, UNKNOWN)
    return Given(token=f"aws:{token}", name=name, props={**unknown, **(props or {})}, through=links)


def vpc(name: str, environment: str) -> Given:
    return aws("ec2/vpc:Vpc", name, {"tags": {"Environment": environment}})


VPC = vpc("vpc", "prod")
PRIVATE = aws("ec2/subnet:Subnet", "private", {"availabilityZone": "us-east-1a"}, vpcId="vpc")
SECOND = aws("ec2/subnet:Subnet", "second", {"availabilityZone": "us-east-1b"}, vpcId="vpc")
PUBLIC = aws("ec2/subnet:Subnet", "public", vpcId="vpc")
IGW = aws("ec2/internetGateway:InternetGateway", "igw", vpcId="vpc")
TABLE = aws("ec2/routeTable:RouteTable", "table", vpcId="vpc")
ROUTE = aws("ec2/route:Route", "out", gatewayId="igw", routeTableId="table")
LINK = aws(
    "ec2/routeTableAssociation:RouteTableAssociation",
    "link",
    subnetId="public",
    routeTableId="table",
)
BASE = (VPC, PRIVATE, SECOND, PUBLIC, IGW, TABLE, ROUTE, LINK)


def nodes(*subnets: str, **props: Any) -> Given:
    base = {
        "instanceTypes": ["g6.2xlarge"],
        "capacityType": "SPOT",
        "scalingConfig": {"minSize": 0, "desiredSize": 1, "maxSize": 4},
    }
    return aws("eks/nodeGroup:NodeGroup", "nodes", {**base, **props}, subnetIds=list(subnets))


def verdict(rule: Any, *resources: Given, **settings: Any) -> Verdict:
    return judge_stack(rule, resources, **settings)


def test_nodes_in_a_subnet_that_routes_to_the_internet_gateway_are_found() -> None:
    assert verdict(topology.ROUTED, *BASE, nodes("private")).kind is Kind.PASS
    (found,) = verdict(topology.ROUTED, *BASE, nodes("private", "public")).violations
    assert found.found == (
        "node group nodes stands in public, which routes to the internet gateway (table)"
    )
    assert verdict(topology.ROUTED, *BASE).kind is Kind.NOT_APPLICABLE


def test_a_route_that_is_written_into_the_table_counts_too() -> None:
    inline = aws("ec2/routeTable:RouteTable", "table", routes="igw")
    rest = [item for item in BASE if item.name not in ("table", "out")]
    assert verdict(topology.ROUTED, *rest, inline, nodes("public")).kind is Kind.VIOLATION


def test_a_route_to_a_nat_gateway_makes_no_subnet_public() -> None:
    nat = aws("ec2/natGateway:NatGateway", "nat", subnetId="public")
    away = aws("ec2/route:Route", "away", natGatewayId="nat", routeTableId="inner")
    inner = aws("ec2/routeTable:RouteTable", "inner")
    link = aws(
        "ec2/routeTableAssociation:RouteTableAssociation",
        "inner-link",
        subnetId="private",
        routeTableId="inner",
    )
    assert (
        verdict(topology.ROUTED, *BASE, nat, away, inner, link, nodes("private")).kind is Kind.PASS
    )


def test_tiers_that_share_a_subnet_are_found() -> None:
    balancer = aws("lb/loadBalancer:LoadBalancer", "lb", subnets="public")
    data = aws("rds/subnetGroup:SubnetGroup", "db", subnetIds="private")
    assert verdict(topology.TIERS, *BASE, balancer, nodes("second"), data).kind is Kind.PASS
    (found,) = verdict(topology.TIERS, *BASE, balancer, nodes("private"), data).violations
    assert found.found == "private holds nodes and data"


def test_missing_endpoints_are_named() -> None:
    def endpoint(service: Any) -> Given:
        name = f"to-{service}"
        return aws("ec2/vpcEndpoint:VpcEndpoint", name, {"serviceName": service}, vpcId="vpc")

    names = ("s3", "ecr.api", "ecr.dkr")
    made = [endpoint(f"com.amazonaws.us-east-1.{name}") for name in names]
    assert verdict(topology.ENDPOINTS, *BASE, nodes("private"), *made).kind is Kind.PASS
    (found,) = verdict(topology.ENDPOINTS, *BASE, nodes("private"), *made[:1]).violations
    assert found.found.startswith("no endpoint for ecr.api, ecr.dkr")
    unknown = endpoint(UNKNOWN)
    open_end = verdict(topology.ENDPOINTS, *BASE, nodes("private"), unknown)
    assert open_end.kind is Kind.UNDETERMINED
    assert verdict(topology.ENDPOINTS, *BASE).kind is Kind.NOT_APPLICABLE


def peering(name: str, one: str, other: str, **tags: str) -> Given:
    token = "ec2/vpcPeeringConnection:VpcPeeringConnection"
    return aws(token, name, {"tags": tags}, vpcId=one, peerVpcId=other)


DEV, PROD, SHARED = vpc("dev", "dev"), vpc("prod", "prod"), vpc("shared", "shared")


def test_a_peering_of_development_with_production_is_found() -> None:
    assert (
        verdict(environments.JOINED, DEV, SHARED, peering("p", "dev", "shared")).kind is Kind.PASS
    )
    (found,) = verdict(environments.JOINED, DEV, PROD, peering("p", "dev", "prod")).violations
    assert found.found == "VpcPeeringConnection p joins development with production"


def test_a_network_that_peers_with_both_joins_them() -> None:
    both = [peering("a", "dev", "shared"), peering("b", "shared", "prod")]
    (found,) = verdict(environments.JOINED, DEV, SHARED, PROD, *both).violations
    assert found.found == "dev reaches prod through other networks"


def test_a_transit_gateway_that_both_are_attached_to_joins_them() -> None:
    hub = aws("ec2transitgateway/transitGateway:TransitGateway", "hub")
    token = "ec2transitgateway/vpcAttachment:VpcAttachment"
    ends = [
        aws(token, f"to-{name}", transitGatewayId="hub", vpcId=name) for name in ("dev", "prod")
    ]
    assert verdict(environments.JOINED, DEV, PROD, hub, *ends).kind is Kind.VIOLATION
    assert verdict(environments.JOINED, DEV, PROD, hub, ends[0]).kind is Kind.NOT_APPLICABLE


def test_a_peer_in_another_stack_is_known_by_the_tag_of_the_connection() -> None:
    link = peering("p", "dev", "dev", PeerEnvironment="prod")
    assert verdict(environments.JOINED, DEV, link).kind is Kind.VIOLATION


@pytest.mark.parametrize(
    ("cidr", "kind"),
    [("10.30.4.0/22", Kind.VIOLATION), ("10.40.0.0/16", Kind.PASS), ("0.0.0.0/0", Kind.PASS)],
)
def test_a_development_route_to_an_address_of_production_is_found(cidr: str, kind: Kind) -> None:
    route = aws("ec2/route:Route", "r", {"destinationCidrBlock": cidr, "tags": {"env": "dev"}})
    assert verdict(environments.JOINED, route, productionCidrs=["10.30.0.0/16"]).kind is kind


FUNCTION = aws("lambda/function:Function", "proxy")
URL = aws("lambda/functionUrl:FunctionUrl", "url", functionName="proxy")
SERVER = Given(
    token="kubernetes:apps/v1:Deployment",
    name="llm",
    props={
        "metadata": {"name": "llm"},
        "spec": {
            "replicas": 3,
            "template": {
                "metadata": {"labels": {"app": "llm"}},
                "spec": {
                    "containers": [
                        {
                            "name": "vllm",
                            "image": "vllm/vllm-openai:v0.18.0",
                            "args": ["--model=Qwen/Qwen2.5-7B-Instruct"],
                            "resources": {"limits": {"nvidia.com/gpu": "1"}},
                        }
                    ]
                },
            },
        },
    },
)
DOOR = Given(token="kubernetes:core/v1:Service", name="door", props={}, depends_on=["llm"])


def test_a_function_between_the_caller_and_the_model_is_found_by_the_graph() -> None:
    asks = aws("lambda/function:Function", "proxy", environment="door")
    assert verdict(path.PATH, SERVER, DOOR, asks, URL).kind is Kind.VIOLATION
    assert verdict(path.PATH, SERVER, DOOR, FUNCTION, URL).kind is Kind.PASS
    assert verdict(path.PATH, SERVER, DOOR, asks).kind is Kind.NOT_APPLICABLE


def test_a_function_that_knows_a_models_address_is_found() -> None:
    variables = {"environment": {"variables": {"URL": "http://llm.serving.svc.cluster.local:8000"}}}
    asks = aws("lambda/function:Function", "proxy", variables)
    (found,) = verdict(path.PATH, asks, URL).violations
    assert found.path == "environment.variables.URL"
    unknown = aws("lambda/function:Function", "proxy", {"environment": {"variables": UNKNOWN}})
    assert verdict(path.PATH, unknown, URL).kind is Kind.UNDETERMINED


def test_api_gateway_before_a_model_is_found() -> None:
    token = "apigatewayv2/integration:Integration"
    other = aws(token, "i", {"integrationUri": "https://api.acme.dev/orders"})
    model = aws(token, "i", {"integrationUri": "https://x/v1/chat/completions"})
    assert verdict(path.PATH, other).kind is Kind.PASS
    assert verdict(path.PATH, model).kind is Kind.VIOLATION


def agent(*args: str, **spec: Any) -> Given:
    image = "public.ecr.aws/eks/aws-load-balancer-controller:v2.13.4"
    container = {"name": "controller", "image": image, "args": list(args)}
    template = {"spec": {"containers": [container], **spec}}
    return Given(
        token="kubernetes:apps/v1:Deployment", name="agent", props={"spec": {"template": template}}
    )


def test_an_agent_that_asks_a_closed_metadata_service_is_found() -> None:
    options = {"metadataOptions": {"httpPutResponseHopLimit": 1}}
    closed = aws("ec2/launchTemplate:LaunchTemplate", "t", options)
    assert verdict(path.METADATA, closed, agent()).kind is Kind.VIOLATION
    told = agent("--aws-vpc-id=vpc-1", "--aws-region=us-east-1")
    assert verdict(path.METADATA, closed, told).kind is Kind.NOT_APPLICABLE
    assert verdict(path.METADATA, closed, agent(hostNetwork=True)).kind is Kind.NOT_APPLICABLE
    assert verdict(path.METADATA, agent()).kind is Kind.NOT_APPLICABLE


def test_the_cost_is_told_as_floor_expected_and_peak() -> None:
    cluster = aws("eks/cluster:Cluster", "c")
    (note,) = verdict(cost.BUDGET, cluster, nodes_alone()).notes
    hourly, (low, high) = prices.on_demand("g6.2xlarge") or 0, prices.spot_share("g6.2xlarge")
    expected = 73 + hourly * (low + high) / 2 * 730
    peak = 73 + 4 * hourly * high * 730
    assert note.said == (
        f"73 USD a month at the least, {expected:,.0f} as a rule, {peak:,.0f} with every pool full"
    )


def nodes_alone(**props: Any) -> Given:
    base = {
        "instanceTypes": ["g6.2xlarge"],
        "capacityType": "SPOT",
        "scalingConfig": {"minSize": 0, "desiredSize": 1, "maxSize": 4},
    }
    return aws("eks/nodeGroup:NodeGroup", "nodes", {**base, **props})


@pytest.mark.parametrize(
    ("measure", "budget", "kind"),
    [
        ("peak", 1000, Kind.VIOLATION),
        ("peak", 2000, Kind.PASS),
        ("expected", 200, Kind.VIOLATION),
        ("expected", 1000, Kind.PASS),
        ("floor", 1, Kind.PASS),
    ],
)
def test_the_cost_is_held_against_the_budget(measure: str, budget: int, kind: Kind) -> None:
    found = verdict(cost.BUDGET, nodes_alone(), measure=measure, monthlyBudget=budget)
    assert found.kind is kind


def test_a_pool_of_unknown_size_leaves_the_cost_open_and_is_named() -> None:
    found = verdict(cost.BUDGET, nodes_alone(scalingConfig={"maxSize": UNKNOWN}))
    assert [item.path for item in found.undetermined] == ["scalingConfig.maxSize"]


def test_the_price_of_tokens_is_told_where_throughput_is_stated() -> None:
    stated = {'metadata.annotations["policy.ballast.dev/tokens-per-second"]': "500"}
    server = Given(token=SERVER.token, name="llm", props=but(SERVER.props, stated))
    found = verdict(cost.BUDGET, nodes_alone(), server)
    hourly, share = prices.on_demand("g6.2xlarge") or 0, prices.spot_share("g6.2xlarge")[1]
    price = hourly * share / (500 * 3600 / 1_000_000)
    assert found.notes[-1].said == (
        f"Deployment llm generates a million tokens for {price:.2f} USD at full load"
    )
    assert verdict(cost.BUDGET, nodes_alone(), server, perMillionTokens=0.1).violations


def test_a_note_is_told_as_advice_and_is_no_violation() -> None:
    (found,) = run.evaluate(to_index([nodes_alone()]).resources, [cost.BUDGET])
    assert (found.kind, found.level.value) == (FindingKind.NOTE, "advisory")


SPREAD = "spec.template.spec.topologySpreadConstraints"
CRITICAL = 'metadata.annotations["policy.ballast.dev/criticality"]'


def server(**changes: Any) -> Given:
    return Given(token=SERVER.token, name="llm", props=but(SERVER.props, changes))


def spread(*keys: str) -> list[dict[str, Any]]:
    return [{"topologyKey": key, "maxSkew": 1} for key in keys]


def test_what_is_left_after_each_failure_is_told_for_every_component() -> None:
    (note,) = verdict(failure.ANSWER, server(), nodes_alone()).notes
    assert note.said == (
        "Deployment llm: of 3 pods are left: 2 after losing a pod, 0 a node, 0 the largest spot "
        "pool, 0 a zone"
    )


def test_a_critical_component_that_a_failure_takes_away_is_a_violation() -> None:
    (found,) = verdict(failure.ANSWER, server(**{CRITICAL: "critical"}), nodes_alone()).violations
    assert found.found.endswith("gone with a node or the largest spot pool or a zone")


def test_a_critical_component_over_zones_nodes_and_families_passes() -> None:
    constraints = spread("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    critical = server(**{CRITICAL: "critical", SPREAD: constraints})
    pool = nodes("private", "second", instanceTypes=["g6.2xlarge", "g5.2xlarge"])
    found = verdict(failure.ANSWER, critical, pool, *BASE)
    assert found.kind is Kind.PASS
    assert "1 after losing" not in found.notes[0].said
    assert "2 the largest spot pool, 1 a zone" in found.notes[0].said


def test_on_demand_nodes_take_over_what_spot_loses() -> None:
    base = aws(
        "eks/nodeGroup:NodeGroup",
        "base",
        {"instanceTypes": ["g6.2xlarge"], "scalingConfig": {"maxSize": 2}},
    )
    (note,) = verdict(failure.ANSWER, server(), nodes_alone(), base).notes
    assert "3 the largest spot pool" in note.said


def test_a_number_of_pods_that_is_not_known_yet_leaves_the_answer_open() -> None:
    found = verdict(failure.ANSWER, server(**{"spec.replicas": UNKNOWN}))
    assert [item.path for item in found.undetermined] == ["spec.replicas"]
