"""What IAM policies allow, and what they allow too much of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.resource import Resource
from frame.rule import (
    Category,
    Relative,
    ResourceCheck,
    ResourceRule,
    Rule,
    Setting,
    Settings,
    Severity,
)
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.aws import actions
from rules.aws.documents import CARRIERS, ROLE, Statement, allowed, documents

StatementCheck = Callable[[Statement], Iterator[Outcome]]


def _per_statement(check: StatementCheck) -> ResourceCheck:
    def run(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
        found = False
        for statement in allowed(resource):
            found = True
            if isinstance(statement, Node):
                yield Undetermined(path=statement.path, because="the policy document")
                continue
            yield from check(statement)
            for node in statement.unknown:
                yield Undetermined(path=node.path)
        if not found:
            reason = "allows nothing" if list(documents(resource)) else "carries no document"
            yield NotApplicable(reason)

    return run


def _is_admin(statement: Statement) -> bool:
    if not statement.everywhere:
        return False
    if statement.excluded_actions:
        # Everything but a few services still holds all of the others.
        return True
    return any(action in ("*", "*:*") for action in statement.actions)


def _admin(statement: Statement) -> Iterator[Outcome]:
    if _is_admin(statement):
        excluded = ", ".join(statement.excluded_actions)
        what = f"everything but {excluded}" if excluded else "every action"
        key = "NotAction" if excluded else "Action"
        yield Violation(path=statement.node.at(key).path, found=f"allows {what} on every resource")


def _star_action(statement: Statement) -> Iterator[Outcome]:
    if _is_admin(statement):
        return
    if any(action in ("*", "*:*") for action in statement.actions):
        yield Violation(path=statement.node.at("Action").path, found="allows every action")
    elif statement.excluded_actions:
        path = statement.node.at("NotAction").path
        yield Violation(path=path, found="allows every action but those named")


def _escalation(statement: Statement) -> Iterator[Outcome]:
    yield from _of_class(
        statement, actions.ESCALATING, "on every resource, which makes its holder an administrator"
    )


def _credentials(statement: Statement) -> Iterator[Outcome]:
    yield from _of_class(
        statement, actions.CREDENTIALS, "for everybody, which hands out their credentials"
    )


def _data(statement: Statement) -> Iterator[Outcome]:
    yield from _of_class(
        statement, actions.DATA, "on every resource, which reads all data and secrets"
    )


def _of_class(statement: Statement, members: Sequence[str], found: str) -> Iterator[Outcome]:
    if not statement.everywhere or _is_admin(statement) or actions.narrowed(statement):
        return
    bad = [action for action in statement.actions if actions.class_of(action) is members]
    if bad:
        path = statement.node.at("Action").path
        yield Violation(path=path, found=f"allows {', '.join(bad)} {found}")


def _named(statement: Statement) -> Iterator[Outcome]:
    if not statement.everywhere or _is_admin(statement) or actions.narrowed(statement):
        return
    loose = [
        action
        for action in statement.actions
        if not actions.class_of(action)
        and action != "iam:passrole"
        and ("*" in action or not actions.UNRESTRICTABLE.fullmatch(action))
    ]
    if loose:
        path = statement.node.at("Resource").path
        yield Violation(path=path, found=f"is * for {', '.join(loose[:5])}")


def _pass_role(statement: Statement) -> Iterator[Outcome]:
    if _is_admin(statement) or not statement.everywhere or not statement.can("iam:PassRole"):
        return
    if "iam:passedtoservice" not in statement.condition_keys():
        path = statement.node.at("Resource").path
        yield Violation(path=path, found="is * for iam:PassRole, and for whichever service")


def _managed(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    places = [resource.at("policyArn"), *resource.at("managedPolicyArns").each()]
    for node in places:
        name = node.text().rpartition("/")[2]
        if node.unknown:
            yield Undetermined(path=node.path)
        elif name in settings["policies"]:
            yield Violation(path=node.path, found=f"grants {name}")


def _rule(**fields: object) -> ResourceRule:
    base = {"category": Category.SECURITY, "tokens": CARRIERS, "covers": ("A07",)}
    return ResourceRule(**{**base, **fields})  # pyright: ignore[reportArgumentType]


_STAR: Final = (
    Relative(tool="Checkov", check="CKV_AWS_355"),
    Relative(tool="Checkov", check="CKV_AWS_111"),
    Relative(tool="cdk-nag", check="AwsSolutions-IAM5"),
)


ADMIN: Final = _rule(
    id="iam-policies-not-admin",
    title="No policy allows everything on everything",
    why=(
        "Whoever gets the credentials of a pod or a job with such a policy owns the account: keys, "
        "buckets, every other environment in it, and GPU instances at up to 142 USD an hour each. "
        "NotAction with a star says the same in other words."
    ),
    fix='{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::models/*"}',
    severity=Severity.CRITICAL,
    check=_per_statement(_admin),
    frameworks=(
        frameworks.cis_aws("1.16 IAM policies that allow full *:* privileges are not attached"),
        frameworks.pci("7.2.2 Access is assigned by least privileges"),
    ),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_62"),
        Relative(tool="Checkov", check="CKV_AWS_63"),
        Relative(tool="AWS Config", check="IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS"),
        Relative(tool="Trivy", check="AWS-0057"),
        *_STAR,
        *(Relative(tool="Checkov", check=f"CKV_AWS_{number}") for number in (107, 108, 109, 110)),
    ),
)


STAR_ACTION: Final = _rule(
    id="iam-actions-are-named",
    title="Policies name the actions that they allow",
    why=(
        "A star allows what AWS adds next year too, and on one resource it still allows to delete "
        "it, to change its policy and to hand it to another account."
    ),
    fix='"Action": ["s3:GetObject", "s3:ListBucket"]',
    severity=Severity.HIGH,
    check=_per_statement(_star_action),
    frameworks=(frameworks.well_architected("SEC03-BP02 Grant least privilege access"),),
    relatives=(Relative(tool="Checkov", check="CKV_AWS_63"),),
)


ESCALATION: Final = _rule(
    id="iam-policies-do-not-escalate",
    title="No policy lets its holder gain more rights",
    why=(
        "One call of iam:AttachRolePolicy or iam:CreateAccessKey without a limit to its resource "
        "is all that lies between a node's role and the administrator's."
    ),
    fix='"Resource": "arn:aws:iam::123456789012:role/ballast-*"',
    severity=Severity.CRITICAL,
    check=_per_statement(_escalation),
    frameworks=(frameworks.well_architected("SEC03-BP02 Grant least privilege access"),),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_110"),
        Relative(tool="Checkov", check="CKV_AWS_109"),
        Relative(tool="Checkov", check="CKV_AWS_107"),
        Relative(tool="Checkov", check="CKV_AWS_286"),
        Relative(tool="Trivy", check="AWS-0345"),
        *_STAR,
    ),
)


CREDENTIALS: Final = _rule(
    id="iam-credentials-are-scoped",
    title="No policy hands out credentials of whomever one likes",
    why=(
        "sts:AssumeRole on a star takes every role of every account that trusts this one: what the "
        "others were limited to is then limited by nobody."
    ),
    fix='"Resource": "arn:aws:iam::123456789012:role/NAME"',
    severity=Severity.HIGH,
    check=_per_statement(_credentials),
    frameworks=(frameworks.well_architected("SEC03-BP02 Grant least privilege access"),),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_107"),
        Relative(tool="Checkov", check="CKV_AWS_287"),
        *_STAR,
    ),
)


DATA: Final = _rule(
    id="iam-data-is-scoped",
    title="No policy reads all data of the account",
    why=(
        "s3:GetObject or secretsmanager:GetSecretValue on a star reads every bucket and every "
        "secret of the account, of production as well. A model server reads one prefix of one "
        "bucket."
    ),
    fix='"Resource": "arn:aws:s3:::models/*"',
    severity=Severity.HIGH,
    check=_per_statement(_data),
    frameworks=(frameworks.well_architected("SEC03-BP02 Grant least privilege access"),),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_108"),
        Relative(tool="Checkov", check="CKV_AWS_288"),
        *_STAR,
    ),
)


NAMED: Final = _rule(
    id="iam-resources-are-named",
    title="Policies name the resources that they are for",
    why=(
        "With a star for the resource the policy of one service works on those of all others in "
        "the account. A star is right only where AWS knows no single resource, as for "
        "ecr:GetAuthorizationToken, or where a condition asks for a tag."
    ),
    fix='"Resource": "arn:aws:sqs:us-east-1:123456789012:ballast-interruptions"',
    severity=Severity.MEDIUM,
    check=_per_statement(_named),
    frameworks=(frameworks.well_architected("SEC03-BP02 Grant least privilege access"),),
    relatives=_STAR,
)


PASS_ROLE: Final = _rule(
    id="iam-pass-role-is-scoped",
    title="iam:PassRole names the role, or the service that gets it",
    why=(
        "With iam:PassRole on a star and the right to start an instance or a function, its holder "
        "runs code with the rights of any role of the account, the administrator's included."
    ),
    fix='"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}',
    severity=Severity.HIGH,
    check=_per_statement(_pass_role),
    frameworks=(frameworks.well_architected("SEC03-BP02 Grant least privilege access"),),
    relatives=(
        Relative(tool="Trivy", check="AWS-0342"),
        Relative(tool="Checkov", check="CKV_AWS_109"),
        *_STAR,
    ),
)


MANAGED: Final = _rule(
    id="iam-no-managed-admin",
    title="Nobody is given one of AWS's administrator policies",
    why=(
        "AdministratorAccess is every action on every resource; IAMFullAccess and PowerUserAccess "
        "are one step away from it. What needs them is a person with a second factor, for an hour."
    ),
    fix='policy_arn="arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"',
    severity=Severity.HIGH,
    tokens=(
        ROLE,
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        "aws:iam/policyAttachment:PolicyAttachment",
        "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment",
    ),
    check=_managed,
    settings={
        "policies": Setting(
            type="array",
            default=["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"],
            description="Names of managed policies that nobody may have.",
            more={"items": {"type": "string"}},
        )
    },
    frameworks=(
        frameworks.cis_aws("1.16 IAM policies that allow full *:* privileges are not attached"),
    ),
    relatives=(
        Relative(
            tool="Checkov", check="CKV_AWS_275", settings={"policies": ["AdministratorAccess"]}
        ),
        Relative(
            tool="Checkov", check="CKV_AWS_274", settings={"policies": ["AdministratorAccess"]}
        ),
        Relative(tool="cdk-nag", check="AwsSolutions-IAM4"),
    ),
)


RULES: Final[Sequence[Rule]] = (
    ADMIN,
    STAR_ACTION,
    ESCALATION,
    CREDENTIALS,
    DATA,
    PASS_ROLE,
    NAMED,
    MANAGED,
)
