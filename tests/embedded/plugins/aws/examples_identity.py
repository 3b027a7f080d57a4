"""Examples: IAM and KMS."""

from __future__ import annotations

from tests.embedded.plugins.aws.ground import Example, policy, trust

IAM = (
    Example(
        "aws:iam/role:Role",
        lambda _: {"assumeRolePolicy": trust("ec2.amazonaws.com"), "description": "nodes"},
        lambda _: [
            {"assumeRolePolicy": trust("eks.amazonaws.com")},
            {"description": "more nodes"},
            {"maxSessionDuration": 7200},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"path": "/ballast/", "name": "another"},
    ),
    Example(
        "aws:iam/rolePolicy:RolePolicy",
        lambda world: {"role": world.id("role"), "policy": policy("s3:GetObject")},
        lambda _: [{"policy": policy("s3:PutObject")}],
        lambda world: {"role": world.id("other-role")},
    ),
    Example(
        "aws:iam/policy:Policy",
        lambda _: {"policy": policy("s3:GetObject")},
        lambda _: [{"policy": policy("s3:PutObject")}, {"tags": {"Name": "x"}}],
        lambda _: {"description": "another"},
    ),
    Example(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda world: {"role": world.id("role"), "policyArn": world.arn("policy")},
        replaces=lambda world: {"role": world.id("other-role")},
    ),
)

IDENTITY = (
    Example(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda world: {"role": world.id("role")},
        lambda world: [{"role": world.id("other-role")}, {"tags": {"Name": "x"}}],
        lambda _: {"path": "/ballast/"},
    ),
    Example(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        lambda _: {
            "url": "https://oidc.eks.us-east-1.amazonaws.com/id/ABC",
            "clientIdLists": ["sts.amazonaws.com"],
            "thumbprintLists": ["0" * 40],
        },
        lambda _: [
            {"clientIdLists": ["sts.amazonaws.com", "ballast"]},
            {"clientIdLists": ["ballast"]},
            {"thumbprintLists": ["1" * 40]},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"url": "https://oidc.eks.us-east-1.amazonaws.com/id/DEF"},
    ),
)

OTHERS = (
    Example(
        "aws:kms/key:Key",
        lambda _: {"description": "secrets", "enableKeyRotation": True},
        lambda _: [
            {"description": "more secrets"},
            {"enableKeyRotation": False},
            {"isEnabled": False},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"keyUsage": "SIGN_VERIFY"},
    ),
    Example(
        "aws:kms/alias:Alias",
        lambda world: {"targetKeyId": world.id("key")},
        lambda world: [{"targetKeyId": world.arn("other-key")}],
        lambda _: {"name": "alias/another"},
    ),
    Example(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda _: {"retentionInDays": 7},
        lambda world: [
            {"retentionInDays": 30},
            {"retentionInDays": 0},
            {"kmsKeyId": world.arn("key")},
            {"kmsKeyId": world.arn("other-key")},
            {"kmsKeyId": None},
            {"tags": {"Name": "x"}},
        ],
        lambda _: {"name": "/ballast/another"},
    ),
)
