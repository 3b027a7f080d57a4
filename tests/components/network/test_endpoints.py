from components.network.endpoints import Endpoints, EndpointsArgs
from tests.support.engine import Registered, deploy


def build(services: tuple[str, ...] = ()) -> dict[str, Registered]:
    args = EndpointsArgs(
        vpc_id="vpc",
        region="eu-west-1",
        route_table_ids=["rtb-a", "rtb-b"],
        services=services,
        subnet_ids=["subnet-a", "subnet-b"],
        security_group_id="sg-endpoints",
        tags={"Owner": "tests"},
    )
    _, resources = deploy(lambda: Endpoints("endpoints", args))
    return {one.name: one for one in resources if one.custom}


def test_s3_is_a_route_in_every_table_of_what_reads_images() -> None:
    s3 = build()["endpoints-s3"].inputs
    assert s3["vpcEndpointType"] == "Gateway"
    assert s3["serviceName"] == "com.amazonaws.eu-west-1.s3"
    assert s3["routeTableIds"] == ["rtb-a", "rtb-b"]


def test_without_services_there_is_nothing_that_costs() -> None:
    assert list(build()) == ["endpoints-s3"]


def test_a_service_answers_under_its_own_name_behind_the_endpoints_group() -> None:
    found = build(("ecr.api", "eks-auth"))["endpoints-ecr-api"].inputs
    assert found["serviceName"] == "com.amazonaws.eu-west-1.ecr.api"
    assert found["privateDnsEnabled"] is True
    assert found["securityGroupIds"] == ["sg-endpoints"]
    assert found["subnetIds"] == ["subnet-a", "subnet-b"]


def test_names_follow_from_the_service_and_not_from_its_place_in_the_list() -> None:
    services = ("ecr.api", "ecr.dkr", "sts")
    assert build(services).keys() == build(tuple(reversed(services))).keys()
