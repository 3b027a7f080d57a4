"""The table: every resource type that the embedded provider carries, one file a service."""

from embedded.plugins.aws.resource import Resource
from embedded.plugins.aws.services import (
    cloudwatch,
    ec2_launch_template,
    ec2_network,
    ec2_routes,
    ec2_security,
    eks,
    eks_access,
    eks_nodes,
    iam,
    kms,
)

_SERVICES = (
    ec2_network,
    ec2_routes,
    ec2_security,
    ec2_launch_template,
    iam,
    eks,
    eks_access,
    eks_nodes,
    kms,
    cloudwatch,
)

RESOURCES: dict[str, Resource] = {
    resource.type: resource for service in _SERVICES for resource in service.RESOURCES
}
