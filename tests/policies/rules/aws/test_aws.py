"""The rules about AWS resources, apart from what security groups let in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from frame.facts import UNKNOWN
from frame.verdict import Kind
from rules.aws import cluster, default_group, edge, instances, network, permissions, storage, trust
from tests.support.cases import Cases, check_all
from tests.support.edits import DELETE
from tests.support.policy import Given, but, judge, judge_stack, paths, remediate


def statement(**changes: Any) -> dict[str, Any]:
    base = {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": "arn:aws:s3:::models/*"}
    return {**base, **changes}


def document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def policy(*statements: Any) -> dict[str, Any]:
    return {"policy": document(*statements)}


def trusting(principal: Any, **more: Any) -> str:
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more})


def aws(token: str, props: dict[str, Any], **more: Any) -> Given:
    return Given(token=f"aws:{token}", props=props, **more)


POLICY = aws("iam/policy:Policy", policy(statement()))
ROLE = aws(
    "iam/role:Role",
    {"assumeRolePolicy": trusting({"AWS": "arn:aws:iam::123456789012:role/deployer"})},
)
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{GITHUB}"}
IRSA = {
    "Federated": "arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/X"
}


def subject(text: Any, provider: str = GITHUB) -> dict[str, Any]:
    return {"Condition": {"StringLike": {f"{provider}:sub": text}}}


FEDERATED = aws(
    "iam/role:Role", {"assumeRolePolicy": trusting(PROVIDER, **subject("repo:acme/ballast:*"))}
)
CLUSTER = aws(
    "eks/cluster:Cluster",
    {
        "vpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True},
        "encryptionConfig": {"resources": ["secrets"], "provider": {"keyArn": UNKNOWN}},
        "enabledClusterLogTypes": [
            "api",
            "audit",
            "authenticator",
            "controllerManager",
            "scheduler",
        ],
        "version": "1.35",
    },
)
NODES = aws(
    "eks/nodeGroup:NodeGroup",
    {
        "capacityType": "SPOT",
        "instanceTypes": ["g6.xlarge", "g5.xlarge", "g6.2xlarge", "g5.2xlarge"],
        "remoteAccess": {"ec2SshKey": "key", "sourceSecurityGroupIds": [UNKNOWN]},
    },
)
TEMPLATE = aws(
    "ec2/launchTemplate:LaunchTemplate",
    {
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}}],
    },
)
SCALING = aws(
    "autoscaling/group:Group",
    {
        "capacityRebalance": True,
        "mixedInstancesPolicy": {
            "instancesDistribution": {"onDemandPercentageAboveBaseCapacity": 0},
            "launchTemplate": {
                "overrides": [{"instanceType": f"g6.{size}xlarge"} for size in (2, 4, 8, 16)]
            },
        },
    },
)
POOL = Given(
    token="kubernetes:karpenter.sh/v1:NodePool",
    props={
        "spec": {
            "template": {
                "spec": {
                    "requirements": [
                        {"key": "karpenter.sh/capacity-type", "values": ["spot", "on-demand"]},
                        {
                            "key": "node.kubernetes.io/instance-type",
                            "values": ["g6.xlarge", "g5.xlarge", "g6.2xlarge", "g5.2xlarge"],
                        },
                    ]
                }
            }
        }
    },
)
VPC = aws("ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"}, name="vpc")
FLOW = aws("ec2/flowLog:FlowLog", {"vpcId": UNKNOWN}, name="flow", through={"vpcId": ["vpc"]})
EMPTY = aws(
    "ec2/defaultSecurityGroup:DefaultSecurityGroup",
    {"vpcId": UNKNOWN},
    name="empty",
    through={"vpcId": ["vpc"]},
)
GROUP = aws(
    "ec2/securityGroup:SecurityGroup",
    {"egress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}]},
)
ROUTE = aws(
    "ec2/route:Route",
    {"destinationCidrBlock": "10.40.0.0/20", "vpcPeeringConnectionId": UNKNOWN},
)
BALANCER = aws("lb/loadBalancer:LoadBalancer", {"accessLogs": {"bucket": "b", "enabled": True}})
LISTENER = aws(
    "lb/listener:Listener",
    {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
)
FUNCTION = aws(
    "lambda/function:Function",
    {
        "deadLetterConfig": {"targetArn": UNKNOWN},
        "reservedConcurrentExecutions": 5,
        "vpcConfig": {"subnetIds": [UNKNOWN]},
    },
)
REPOSITORY = aws(
    "ecr/repository:Repository",
    {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS"}],
    },
)
VOLUME = aws("ebs/volume:Volume", {"encrypted": True, "kmsKeyId": UNKNOWN})
ACTION, RESOURCE = "policy.Statement[0].Action", "policy.Statement[0].Resource"
SPOT = "mixedInstancesPolicy.instancesDistribution.onDemandPercentageAboveBaseCapacity"
TAGGED = {"Condition": {"StringEquals": {"aws:ResourceTag/owner": "ballast"}}}


def permission(rule: Any, bad: Any, fine: Any = (), path: str = ACTION) -> Cases:
    return Cases(
        rule=rule,
        good=POLICY,
        bad=[(policy(item), path) for item in bad],
        fine=[policy(item) for item in fine],
        silent=[policy(statement(Effect="Deny", Action="*", Resource="*"))],
        needs=["policy"],
    )


def star(*actions: str, **more: Any) -> dict[str, Any]:
    return statement(Action=list(actions), Resource="*", **more)


FAMILY = [
    permission(
        permissions.ADMIN,
        bad=[star("*"), star("s3:x", "*"), star("*:*"), {"Action": "*", "Resource": ["a", "*"]}],
        fine=[statement(Action="*"), star("s3:*"), star("iam:*")],
    ),
    permission(
        permissions.ADMIN,
        bad=[{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}],
        path="policy.Statement[0].NotAction",
    ),
    permission(
        permissions.STAR_ACTION,
        bad=[statement(Action="*"), statement(Action=["s3:x", "*"])],
        fine=[statement(Action="s3:*"), star("*")],
    ),
    permission(
        permissions.ESCALATION,
        bad=[
            star("iam:AttachRolePolicy"),
            star("iam:*"),
            star("iam:Create*"),
            star("IAM:putrolepolicy"),
        ],
        fine=[
            statement(Action="iam:AttachRolePolicy"),
            star("iam:GetRole"),
            star("iam:AttachRolePolicy", **TAGGED),
        ],
    ),
    permission(
        permissions.CREDENTIALS,
        bad=[star("sts:AssumeRole"), star("sts:Assume*"), star("ec2:GetPasswordData")],
        fine=[statement(Action="sts:AssumeRole"), star("ecr:GetAuthorizationToken")],
    ),
    permission(
        permissions.DATA,
        bad=[star("s3:GetObject"), star("s3:*"), star("secretsmanager:Get*"), star("kms:Decrypt")],
        fine=[
            statement(Action="s3:GetObject"),
            star("s3:ListAllMyBuckets"),
            star("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": "s3"}}),
        ],
    ),
    permission(
        permissions.NAMED,
        bad=[star("sqs:SendMessage"), star("ec2:Describe*"), star("ec2:RunInstances")],
        fine=[
            statement(Action="sqs:SendMessage"),
            star("ecr:GetAuthorizationToken", "ec2:DescribeInstances", "cloudwatch:PutMetricData"),
            star("autoscaling:SetDesiredCapacity", **TAGGED),
            star("*"),
            star("iam:PassRole"),
        ],
        path=RESOURCE,
    ),
    permission(
        permissions.PASS_ROLE,
        bad=[star("iam:PassRole"), star("iam:*"), star("iam:Pass*")],
        fine=[
            statement(Action="iam:PassRole"),
            star("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2"}}),
            {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"},
        ],
        path=RESOURCE,
    ),
    Cases(
        rule=permissions.MANAGED,
        good=aws(
            "iam/rolePolicyAttachment:RolePolicyAttachment",
            {"policyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
        ),
        bad=[
            ({"policyArn": f"arn:aws:iam::aws:policy/{name}"}, "policyArn")
            for name in ("AdministratorAccess", "IAMFullAccess")
        ]
        + [
            (
                {"managedPolicyArns": ["a/b", "arn:aws:iam::aws:policy/AdministratorAccess"]},
                "managedPolicyArns[1]",
            )
        ],
        fine=[{"policyArn": "arn:aws:iam::1:policy/NotAdministratorAccess"}],
        needs=["policyArn", "managedPolicyArns"],
    ),
    Cases(
        rule=trust.PUBLIC,
        good=ROLE,
        bad=[
            ({"assumeRolePolicy": trusting("*")}, "assumeRolePolicy.Statement[0].Principal"),
            (
                {"assumeRolePolicy": trusting({"AWS": ["x", "*"]})},
                "assumeRolePolicy.Statement[0].Principal.AWS[1]",
            ),
        ],
        fine=[
            {
                "assumeRolePolicy": trusting(
                    "*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
                )
            }
        ],
        silent=[
            {"assumeRolePolicy": trusting({"Service": "ec2.amazonaws.com"})},
            {"assumeRolePolicy": trusting("*", Effect="Deny")},
            {"assumeRolePolicy": ""},
        ],
        needs=["assumeRolePolicy"],
    ),
    Cases(
        rule=trust.ACCOUNT,
        good=ROLE,
        bad=[
            (
                {"assumeRolePolicy": trusting({"AWS": principal})},
                "assumeRolePolicy.Statement[0].Principal.AWS",
            )
            for principal in ("123456789012", "arn:aws:iam::123456789012:root")
        ],
        fine=[
            {
                "assumeRolePolicy": trusting(
                    {"AWS": "123456789012"},
                    Condition={"StringEquals": {"sts:ExternalId": "secret"}},
                )
            }
        ],
        needs=["assumeRolePolicy"],
    ),
    Cases(
        rule=trust.FEDERATED,
        good=FEDERATED,
        bad=[
            (
                {"assumeRolePolicy": trusting(PROVIDER, **subject(text))},
                f'assumeRolePolicy.Statement[0].Condition.StringLike["{GITHUB}:sub"]',
            )
            for text in ("*", "repo:*", "repo:acme*", "invalid", "workflow:x:repo:acme/ballast:*")
        ]
        + [
            ({"assumeRolePolicy": trusting(PROVIDER)}, "assumeRolePolicy.Statement[0].Condition"),
            (
                {"assumeRolePolicy": trusting(IRSA, **subject("system:serviceaccount:*:*", "x"))},
                'assumeRolePolicy.Statement[0].Condition.StringLike["x:sub"]',
            ),
        ],
        fine=[
            {"assumeRolePolicy": trusting(PROVIDER, **subject(["repo:acme/a:*", "repo:acme/*"]))},
            {"assumeRolePolicy": trusting(IRSA, **subject("system:serviceaccount:ns:llm", "x"))},
        ],
        silent=[{"assumeRolePolicy": trusting({"Service": "ec2.amazonaws.com"})}],
        needs=["assumeRolePolicy"],
    ),
    Cases(
        rule=cluster.ENDPOINT,
        good=CLUSTER,
        bad=[
            ({"vpcConfig": {}}, "vpcConfig.publicAccessCidrs"),
            (
                {"vpcConfig": {"publicAccessCidrs": ["10.0.0.0/8", "0.0.0.0/0"]}},
                "vpcConfig.publicAccessCidrs[1]",
            ),
        ],
        fine=[{"vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["1.2.3.4/32"]}}],
        needs=["vpcConfig", "vpcConfig.endpointPublicAccess"],
    ),
    Cases(
        rule=cluster.ENCRYPTED,
        good=CLUSTER,
        bad=[
            ({"encryptionConfig": DELETE}, "encryptionConfig.resources"),
            ({"encryptionConfig.resources": []}, "encryptionConfig.resources"),
        ],
        needs=["encryptionConfig", "encryptionConfig.resources", "encryptionConfig.resources[0]"],
    ),
    Cases(
        rule=cluster.LOGGED,
        good=CLUSTER,
        bad=[
            ({"enabledClusterLogTypes": value}, "enabledClusterLogTypes")
            for value in (DELETE, ["api", "audit"], [])
        ],
        needs=["enabledClusterLogTypes", "enabledClusterLogTypes[2]"],
    ),
    Cases(
        rule=cluster.SUPPORTED,
        good=CLUSTER,
        bad=[({"version": version}, "version") for version in ("1.33", "1.9", "1.21")],
        fine=[{"version": version} for version in ("1.34", "1.40", DELETE)],
        needs=["version"],
    ),
    Cases(
        rule=cluster.SSH,
        good=NODES,
        bad=[
            ({"remoteAccess": {"ec2SshKey": "k"}}, "remoteAccess.sourceSecurityGroupIds"),
            ({"remoteAccess": {"ec2SshKey": UNKNOWN}}, "remoteAccess.sourceSecurityGroupIds"),
        ],
        fine=[{"remoteAccess": DELETE}],
        needs=["remoteAccess"],
    ),
    Cases(
        rule=instances.TOKENS,
        good=TEMPLATE,
        bad=[
            ({"metadataOptions": value}, "metadataOptions.httpTokens")
            for value in (DELETE, {}, {"httpTokens": "optional"})
        ],
        fine=[{"metadataOptions": [{"httpTokens": "required"}]}],
        silent=[{"metadataOptions": {"httpEndpoint": "disabled"}}],
        needs=["metadataOptions", "metadataOptions.httpTokens"],
    ),
    Cases(
        rule=instances.HOPS,
        good=TEMPLATE,
        bad=[
            (
                {"metadataOptions.httpPutResponseHopLimit": 2},
                "metadataOptions.httpPutResponseHopLimit",
            )
        ],
        fine=[{"metadataOptions": DELETE}],
        needs=["metadataOptions.httpPutResponseHopLimit"],
    ),
    Cases(
        rule=instances.ALLOWED,
        good=NODES,
        bad=[
            ({"instanceTypes[1]": name}, "instanceTypes[1]")
            for name in ("p3.2xlarge", "g3.4xlarge", "p6-b200.48xlarge")
        ],
        fine=[{"instanceTypes[1]": "m6i.large"}],
        silent=[{"instanceTypes": ["m6i.large"]}],
        needs=["instanceTypes", "instanceTypes[0]"],
    ),
    Cases(
        rule=instances.DIVERSIFIED,
        good=NODES,
        bad=[({"instanceTypes": ["g6.xlarge", "g5.xlarge"]}, "instanceTypes[0]")],
        silent=[{"capacityType": "ON_DEMAND", "instanceTypes": ["g6.xlarge"]}],
        needs=["capacityType", "instanceTypes"],
    ),
    Cases(
        rule=instances.DIVERSIFIED,
        good=SCALING,
        bad=[
            ({"capacityRebalance": DELETE}, "capacityRebalance"),
            (
                {"mixedInstancesPolicy.launchTemplate.overrides": [{"instanceType": "g6.xlarge"}]},
                "mixedInstancesPolicy.launchTemplate.overrides[0].instanceType",
            ),
        ],
        silent=[{SPOT: 100}, {"mixedInstancesPolicy": DELETE}],
        needs=[SPOT, "capacityRebalance"],
    ),
    Cases(
        rule=instances.DIVERSIFIED,
        good=POOL,
        bad=[
            (
                {"spec.template.spec.requirements[1].values": ["g6.xlarge"]},
                "spec.template.spec.requirements[1].values[0]",
            )
        ],
        silent=[{"spec.template.spec.requirements[0].values": ["on-demand"]}],
    ),
    Cases(
        rule=storage.ENCRYPTED,
        good=TEMPLATE,
        bad=[
            ({"blockDeviceMappings": DELETE}, "blockDeviceMappings"),
            *(
                (
                    {"blockDeviceMappings[0].ebs": {"encrypted": value}},
                    "blockDeviceMappings[0].ebs.encrypted",
                )
                for value in (False, "false", None)
            ),
        ],
        fine=[{"blockDeviceMappings[1]": {"deviceName": "/dev/sdb", "virtualName": "ephemeral0"}}],
        needs=["blockDeviceMappings", "blockDeviceMappings[0].ebs.encrypted"],
    ),
    Cases(
        rule=storage.ENCRYPTED,
        good=aws("ec2/instance:Instance", {"rootBlockDevice": {"encrypted": True}}),
        bad=[
            ({"rootBlockDevice": DELETE}, "rootBlockDevice.encrypted"),
            ({"ebsBlockDevices": [{"encrypted": False}]}, "ebsBlockDevices[0].encrypted"),
        ],
        silent=[{"rootBlockDevice": {"snapshotId": "snap-1"}}],
        needs=["rootBlockDevice", "ebsBlockDevices"],
    ),
    Cases(
        rule=storage.OWN_KEY,
        good=VOLUME,
        bad=[({"kmsKeyId": DELETE}, "kmsKeyId")],
        fine=[{"kmsKeyId": "arn:aws:kms:x"}],
    ),
    Cases(
        rule=storage.OWN_KEY,
        good=REPOSITORY,
        bad=[
            ({"encryptionConfigurations": value}, path)
            for value, path in (
                (DELETE, "encryptionConfigurations.encryptionType"),
                ([{"encryptionType": "AES256"}], "encryptionConfigurations[0].encryptionType"),
            )
        ],
        needs=["encryptionConfigurations"],
    ),
    Cases(
        rule=storage.IMMUTABLE,
        good=REPOSITORY,
        bad=[
            ({"imageTagMutability": value}, "imageTagMutability") for value in (DELETE, "MUTABLE")
        ],
        needs=["imageTagMutability"],
    ),
    Cases(
        rule=storage.SCANNED,
        good=REPOSITORY,
        bad=[({"imageScanningConfiguration": DELETE}, "imageScanningConfiguration.scanOnPush")],
        needs=["imageScanningConfiguration"],
    ),
    Cases(
        rule=network.EGRESS,
        good=GROUP,
        bad=[
            (
                {"egress[0]": {"protocol": "-1", "cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}},
                "egress[0].cidrBlocks[1]",
            ),
            (
                {
                    "egress[0]": {
                        "protocol": "tcp",
                        "fromPort": 0,
                        "toPort": 65535,
                        "ipv6CidrBlocks": ["::/0"],
                    }
                },
                "egress[0].ipv6CidrBlocks[0]",
            ),
        ],
        fine=[{"egress": DELETE}, {"egress[0]": {"protocol": "-1", "cidrBlocks": ["10.0.0.0/8"]}}],
        needs=["egress", "egress[0].protocol"],
    ),
    Cases(
        rule=network.PUBLIC_ADDRESSES,
        good=aws("ec2/subnet:Subnet", {"mapPublicIpOnLaunch": False}),
        bad=[({"mapPublicIpOnLaunch": True}, "mapPublicIpOnLaunch")],
        fine=[{"mapPublicIpOnLaunch": DELETE}],
        needs=["mapPublicIpOnLaunch"],
    ),
    Cases(
        rule=default_group.EMPTIED,
        good=EMPTY,
        bad=[
            ({"ingress": [{"self": True}]}, "ingress"),
            ({"egress": [{"protocol": "-1"}]}, "egress"),
        ],
        fine=[{"ingress": []}],
        needs=["ingress", "egress"],
    ),
    Cases(
        rule=network.PEERING,
        good=ROUTE,
        bad=[
            ({"destinationCidrBlock": cidr}, "destinationCidrBlock")
            for cidr in ("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/15")
        ],
        fine=[{"destinationCidrBlock": "10.0.0.0/16"}],
        silent=[{"vpcPeeringConnectionId": DELETE, "destinationCidrBlock": "0.0.0.0/0"}],
        needs=["destinationCidrBlock"],
    ),
    Cases(
        rule=network.PEERING,
        good=aws(
            "ec2/routeTable:RouteTable",
            {"routes": [{"cidrBlock": "10.40.0.0/20", "transitGatewayId": "tgw-1"}]},
        ),
        bad=[({"routes[0].cidrBlock": "0.0.0.0/0"}, "routes[0].cidrBlock")],
    ),
    Cases(
        rule=edge.LOGGED,
        good=BALANCER,
        bad=[
            ({"accessLogs": value}, "accessLogs.enabled")
            for value in (DELETE, {"bucket": "b"}, {"enabled": False})
        ],
        needs=["accessLogs", "accessLogs.enabled"],
    ),
    Cases(
        rule=edge.TLS,
        good=LISTENER,
        bad=[
            ({"protocol": "HTTP"}, "protocol"),
            ({"protocol": DELETE}, "protocol"),
            ({"sslPolicy": DELETE}, "sslPolicy"),
            ({"sslPolicy": "ELBSecurityPolicy-TLS-1-0-2015-04"}, "sslPolicy"),
        ],
        fine=[
            {
                "protocol": "HTTP",
                "defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS"}}],
            },
            {"protocol": "TLS"},
        ],
        silent=[{"protocol": "TCP"}, {"protocol": "UDP"}],
        needs=["protocol", "sslPolicy"],
    ),
    Cases(
        rule=edge.DEAD_LETTERS,
        good=FUNCTION,
        bad=[({"deadLetterConfig": DELETE}, "deadLetterConfig.targetArn")],
    ),
    Cases(
        rule=edge.CONCURRENCY,
        good=FUNCTION,
        bad=[
            ({"reservedConcurrentExecutions": value}, "reservedConcurrentExecutions")
            for value in (DELETE, -1)
        ],
        fine=[{"reservedConcurrentExecutions": 0}],
        needs=["reservedConcurrentExecutions"],
    ),
    Cases(
        rule=edge.IN_NETWORK,
        good=FUNCTION,
        bad=[
            ({"vpcConfig": DELETE}, "vpcConfig.subnetIds"),
            ({"vpcConfig.subnetIds": []}, "vpcConfig.subnetIds"),
        ],
    ),
    Cases(
        rule=edge.AUTHORIZED,
        good=aws("lambda/functionUrl:FunctionUrl", {"authorizationType": "AWS_IAM"}),
        bad=[({"authorizationType": "NONE"}, "authorizationType")],
        needs=["authorizationType"],
    ),
]
# What asks only whether something is set is never undetermined; some join, and have tests below.
RULES = [
    rule
    for module in (cluster, default_group, edge, instances, network, permissions, storage, trust)
    for rule in module.RULES
    if rule
    not in (
        edge.DEAD_LETTERS,
        edge.IN_NETWORK,
        network.FLOW_LOGS,
        default_group.DEFAULT_GROUP_TAKEN,
        network.NO_DEFAULT_VPC,
    )
]
TestAws = check_all(FAMILY, RULES)


@pytest.mark.parametrize(
    ("rule", "helper"), [(network.FLOW_LOGS, FLOW), (default_group.DEFAULT_GROUP_TAKEN, EMPTY)]
)
def test_a_network_is_joined_by_dependency_and_never_by_an_id_to_come(
    rule: Any, helper: Given
) -> None:
    other = aws("ec2/vpc:Vpc", {"cidrBlock": "10.1.0.0/16"}, name="other")
    assert judge_stack(rule, [VPC, helper]).kind is Kind.PASS
    assert judge_stack(rule, [VPC]).kind is Kind.VIOLATION
    (found,) = judge_stack(rule, [VPC, helper, other]).violations
    assert found.urn == other.urn
    loose = Given(token=helper.token, props=helper.props, name="loose")
    assert judge_stack(rule, [VPC, loose]).kind is Kind.UNDETERMINED


@pytest.mark.parametrize("kind", ["DefaultVpc", "DefaultSubnet"])
def test_the_default_network_is_not_used(kind: str) -> None:
    given = aws(f"ec2/{kind[0].lower()}{kind[1:]}:{kind}", {})
    assert judge(network.NO_DEFAULT_VPC, given).kind is Kind.VIOLATION


def test_a_public_endpoint_can_be_ruled_out_altogether() -> None:
    listed = but(
        CLUSTER.props,
        {"vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["1.2.3.4/32"]}},
    )
    verdict = judge(cluster.ENDPOINT, aws("eks/cluster:Cluster", listed), allowListed=False)
    assert paths(verdict) == ["vpcConfig.endpointPublicAccess"]


def test_an_open_endpoint_beside_an_unknown_address_is_found_and_neither_is_lost() -> None:
    config = {"vpcConfig": {"publicAccessCidrs": [UNKNOWN, "0.0.0.0/0"]}}
    verdict = judge(cluster.ENDPOINT, aws("eks/cluster:Cluster", config))
    assert (len(verdict.violations), len(verdict.undetermined)) == (1, 1)


@pytest.mark.parametrize(
    "text",
    [
        document(statement(), star("*")),
        [{"Version": "2012-10-17", "Statement": star("*")}],
        {"Statement": [UNKNOWN, star("*")]},
        '{"Statement": [{"Action": "*", "Resource": "*",},],}',
    ],
)
def test_a_bad_statement_is_found_however_the_document_is_written(text: Any) -> None:
    assert (
        judge(permissions.ADMIN, aws("iam/policy:Policy", {"policy": text})).kind is Kind.VIOLATION
    )


@pytest.mark.parametrize("text", ["", "not json", "[]", "{}", '{"Statement": 3}', 7, None])
def test_what_is_no_document_allows_nothing(text: Any) -> None:
    given = aws("iam/policy:Policy", {"policy": text})
    assert judge(permissions.ADMIN, given).kind is Kind.NOT_APPLICABLE


def test_each_dangerous_action_is_reported_by_one_rule_only() -> None:
    given = aws(
        "iam/policy:Policy", policy(star("iam:PutRolePolicy", "s3:GetObject", "sqs:SendMessage"))
    )
    said = {rule.id: judge(rule, given).violations for rule in permissions.RULES}
    assert {name for name, found in said.items() if found} == {
        "iam-policies-do-not-escalate",
        "iam-data-is-scoped",
        "iam-resources-are-named",
    }


def test_inline_policies_of_a_role_are_read() -> None:
    inline = {"inlinePolicies": [{"name": "x", "policy": document(star("*"))}]}
    assert paths(judge(permissions.ADMIN, aws("iam/role:Role", inline))) == [
        "inlinePolicies[0].policy.Statement[0].Action"
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (None, {"httpTokens": "required"}),
        (
            {"httpTokens": "optional", "httpPutResponseHopLimit": 1},
            {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        ),
    ],
)
def test_metadata_version_one_can_be_switched_off_by_the_pack(options: Any, expected: Any) -> None:
    given = aws("ec2/instance:Instance", {"metadataOptions": options, "ami": "a"})
    changed = remediate(instances.TOKENS, given)
    assert changed == {"metadataOptions": expected, "ami": "a"}
    again = aws("ec2/instance:Instance", changed)
    assert judge(instances.TOKENS, again).kind is Kind.PASS
    assert remediate(instances.TOKENS, again) is None


def test_what_is_not_known_is_not_changed_by_the_pack() -> None:
    given = aws("ec2/instance:Instance", {"metadataOptions": {"httpTokens": UNKNOWN}})
    assert remediate(instances.TOKENS, given) is None


def test_the_default_group_can_be_emptied_by_the_pack() -> None:
    given = aws(
        "ec2/defaultSecurityGroup:DefaultSecurityGroup",
        {"ingress": [{"self": True}], "egress": [], "vpcId": "v"},
    )
    changed = remediate(default_group.EMPTIED, given)
    assert changed == {"ingress": [], "egress": [], "vpcId": "v"}
