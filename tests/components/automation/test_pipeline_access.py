import json
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from components.automation import permissions, trust
from components.automation.pipeline_access import PipelineAccess, PipelineAccessArgs
from components.automation.scope import Scope
from components.automation.trust import GitHubTrust, PulumiTrust, Subjects
from rules.aws import RULES
from tests.support.engine import Registered, deploy
from tests.support.policy import Given, judge

SCOPE = Scope(
    account="111122223333",
    region="us-east-1",
    stack="dev",
    reviews="review-",
    state_bucket="state",
    state_key_arn="arn:aws:kms:us-east-1:111122223333:key/state",
)
GITHUB = GitHubTrust(repository="org/ballast", branch="main")
CLOUD = PulumiTrust(organization="org", project="ballast", stacks=["dev", "review-*"], deploys=True)
ARGS = PipelineAccessArgs(scope=SCOPE, github=GITHUB, pulumi_cloud=CLOUD)


def build(args: PipelineAccessArgs = ARGS) -> list[Registered]:
    return deploy(lambda: PipelineAccess("pipeline", args))[1]


def roles(args: PipelineAccessArgs = ARGS) -> dict[str, dict[str, Any]]:
    found = [one.inputs for one in build(args) if one.type == "aws:iam/role:Role"]
    return {inputs["name"]: inputs for inputs in found}


def trusted(role: str, issuer: str, args: PipelineAccessArgs = ARGS) -> dict[str, Any]:
    """Return the conditions on tokens of the issuer; empty where it is not trusted."""
    document = json.loads(roles(args)[role]["assumeRolePolicy"])
    for statement in document["Statement"]:
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        if statement["Principal"]["Federated"].endswith(f"oidc-provider/{issuer}"):
            return {
                "aud": statement["Condition"]["StringEquals"][f"{issuer}:aud"],
                "sub": statement["Condition"]["StringLike"][f"{issuer}:sub"],
            }
    return {}


def lets_in(role: str, subject: str, issuer: str = trust.GITHUB_ISSUER) -> bool:
    patterns = trusted(role, issuer).get("sub", [])
    return any(fnmatchcase(subject, pattern) for pattern in patterns)


def test_only_an_approved_job_on_the_branch_may_deploy() -> None:
    assert lets_in("ballast-deployer", "repo:org/ballast:environment:dev:ref:refs/heads/main")


@pytest.mark.parametrize(
    "subject",
    [
        "repo:org/ballast:environment:dev:ref:refs/heads/feature",
        "repo:org/ballast:environment:prod:ref:refs/heads/main",
        "repo:org/ballast-fork:environment:dev:ref:refs/heads/main",
        "repo:evil/ballast:environment:dev:ref:refs/heads/main",
        "repo:org/ballast:pull_request:ref:refs/pull/7/merge",
        "repo:org/ballast:ref:refs/heads/main:ref:refs/heads/main",
        "repo:org/ballast:environment:dev",
    ],
)
def test_nobody_else_may_deploy(subject: str) -> None:
    assert not lets_in("ballast-deployer", subject)


@pytest.mark.parametrize(
    ("subject", "may"),
    [
        ("repo:org/ballast:pull_request:ref:refs/pull/7/merge", True),
        ("repo:org/ballast:ref:refs/heads/main:ref:refs/heads/main", True),
        ("repo:org/ballast:ref:refs/heads/feature:ref:refs/heads/feature", False),
        ("repo:org/other:pull_request:ref:refs/pull/7/merge", False),
    ],
)
def test_pull_requests_and_the_branch_may_look(subject: str, may: bool) -> None:
    assert lets_in("ballast-previewer", subject) is may


def test_a_token_that_was_made_for_another_service_is_refused() -> None:
    assert trusted("ballast-deployer", trust.GITHUB_ISSUER)["aud"] == "sts.amazonaws.com"
    assert trusted("ballast-deployer", trust.PULUMI_ISSUER)["aud"] == "org"


@pytest.mark.parametrize(
    ("subject", "may"),
    [
        ("pulumi:deploy:org:org:project:ballast:stack:dev:operation:update:scope:write", True),
        (
            "pulumi:deploy:org:org:project:ballast:stack:review-7:operation:destroy:scope:write",
            True,
        ),
        ("pulumi:deploy:org:org:project:ballast:stack:prod:operation:update:scope:write", False),
        ("pulumi:deploy:org:org:project:other:stack:dev:operation:update:scope:write", False),
        ("pulumi:deploy:org:evil:project:ballast:stack:dev:operation:update:scope:write", False),
    ],
)
def test_pulumi_cloud_deploys_the_stacks_of_the_account(subject: str, may: bool) -> None:
    assert lets_in("ballast-deployer", subject, trust.PULUMI_ISSUER) is may


def test_where_pulumi_cloud_only_looks_it_gets_the_role_that_reads() -> None:
    args = replace(ARGS, pulumi_cloud=replace(CLOUD, stacks=["prod"], deploys=False))
    assert trusted("ballast-deployer", trust.PULUMI_ISSUER, args) == {}
    subjects = trusted("ballast-previewer", trust.PULUMI_ISSUER, args)["sub"]
    assert [one.split(":")[9] for one in subjects] == ["preview", "detect-drift"]


def test_without_pulumi_cloud_its_issuer_is_not_known() -> None:
    args = replace(ARGS, pulumi_cloud=None)
    issuers = [one for one in build(args) if one.type.endswith(":OpenIdConnectProvider")]
    assert [one.inputs["url"] for one in issuers] == [f"https://{trust.GITHUB_ISSUER}"]


def test_a_role_can_never_do_more_than_it_was_made_for() -> None:
    for name, inputs in roles().items():
        key = name.removeprefix("ballast-")
        assert inputs["permissionsBoundary"] == f"arn:aws:mock::pipeline-policy-{key}"


def allowed(document: str) -> list[dict[str, Any]]:
    return [one for one in json.loads(document)["Statement"] if one["Effect"] == "Allow"]


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def can(document: str, action: str, resource: str) -> bool:
    return any(
        any(fnmatchcase(action, pattern) for pattern in listed(one["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in listed(one["Resource"]))
        for one in allowed(document)
    )


IAM = "arn:aws:iam::111122223333:role"
LOGS = "arn:aws:logs:us-east-1:111122223333:log-group"
EKS = "arn:aws:eks:us-east-1:111122223333"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("eks:CreateCluster", f"{EKS}:cluster/ballast-dev"),
        ("eks:CreateNodegroup", f"{EKS}:nodegroup/ballast-dev/gpu24/1"),
        ("eks:DeleteCluster", f"{EKS}:cluster/ballast-review-7"),
        ("iam:CreateRole", f"{IAM}/ballast-dev-cluster-role"),
        ("iam:PassRole", f"{IAM}/ballast-dev-cluster-role"),
        ("ec2:CreateVpc", "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1"),
        ("ec2:DescribeVpcs", "*"),
        ("logs:CreateLogGroup", f"{LOGS}:/aws/eks/ballast-dev/cluster"),
        ("sqs:CreateQueue", "arn:aws:sqs:us-east-1:111122223333:ballast-dev-interruptions"),
        ("s3:PutObject", "arn:aws:s3:::state/.pulumi/stacks/ballast/dev.json"),
    ],
)  # fmt: skip
def test_the_deployer_can_make_a_stack(action: str, resource: str) -> None:
    assert can(permissions.deployer(SCOPE), action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("eks:DeleteCluster", f"{EKS}:cluster/ballast-prod"),
        ("eks:DeleteCluster", f"{EKS}:cluster/somebody-elses"),
        ("iam:PutRolePolicy", f"{IAM}/ballast-deployer"),
        ("iam:AttachRolePolicy", f"{IAM}/ballast-previewer"),
        ("iam:CreateRole", f"{IAM}/administrator"),
        ("iam:CreateUser", "arn:aws:iam::111122223333:user/me"),
        ("iam:CreateAccessKey", "arn:aws:iam::111122223333:user/me"),
        ("iam:CreatePolicyVersion", "arn:aws:iam::111122223333:policy/ballast-deployer"),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}/ballast-deployer"),
        (
            "iam:CreateOpenIDConnectProvider",
            "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
        ),
        ("ec2:CreateVpc", "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-1"),
        ("sts:AssumeRole", f"{IAM}/ballast-dev-cluster-role"),
        ("s3:GetObject", "arn:aws:s3:::somebody-elses/data"),
        ("secretsmanager:GetSecretValue", "*"),
        ("organizations:LeaveOrganization", "*"),
    ],
)
def test_the_deployer_can_do_nothing_beyond_its_stack(action: str, resource: str) -> None:
    assert not can(permissions.deployer(SCOPE), action, resource)


READING_VERBS = ("Describe", "Get", "List", "Access", "Decrypt", "Encrypt", "Generate")


def test_the_previewer_changes_nothing() -> None:
    for statement in allowed(permissions.previewer(SCOPE)):
        if statement["Sid"] == "StateKey":
            continue
        for action in listed(statement["Action"]):
            assert action.split(":")[1].startswith(READING_VERBS), action


def test_neither_policy_is_longer_than_aws_takes() -> None:
    for document in (permissions.deployer(SCOPE), permissions.previewer(SCOPE)):
        assert len(document) <= permissions.LONGEST


def test_a_policy_that_grew_too_long_is_said_before_aws_says_it() -> None:
    with pytest.raises(ValueError, match="AWS allows 6144"):
        permissions.deployer(replace(SCOPE, state_bucket="b" * 6144))


def test_a_role_that_nobody_could_take_on_is_refused() -> None:
    nobody = Subjects(issuer="i", audience="a", subjects=[])
    with pytest.raises(ValueError, match="never be taken on"):
        trust.trust_policy("111122223333", [nobody])


def test_our_own_pack_has_nothing_against_them() -> None:
    found = [
        f"{one.name}: {rule.id}: {violation.path} {violation.found}"
        for one in build()
        if one.custom
        for rule in RULES
        if hasattr(rule, "tokens") and one.type in rule.tokens
        for violation in judge(rule, Given(token=one.type, props=one.inputs)).violations
    ]
    assert found == []
