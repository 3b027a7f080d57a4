"""The table: every resource type that the embedded provider carries, one file a service."""

from embedded.plugins.aws.resource import Resource
from embedded.plugins.aws.services import (
    cloudwatch,
    ec2_acl,
    ec2_capacity,
    ec2_endpoints,
    ec2_launch_template,
    ec2_network,
    ec2_peering,
    ec2_routes,
    ec2_security,
    ecr,
    ecr_registry,
    eks,
    eks_access,
    eks_nodes,
    events,
    iam,
    iam_identity,
    kms,
    s3,
    sqs,
)

_SERVICES = (
    ec2_network,
    ec2_routes,
    ec2_security,
    ec2_acl,
    ec2_endpoints,
    ec2_peering,
    ec2_launch_template,
    ec2_capacity,
    iam,
    iam_identity,
    eks,
    eks_access,
    eks_nodes,
    kms,
    cloudwatch,
    events,
    ecr,
    ecr_registry,
    s3,
    sqs,
)

RESOURCES: dict[str, Resource] = {
    resource.type: resource for service in _SERVICES for resource in service.RESOURCES
}
