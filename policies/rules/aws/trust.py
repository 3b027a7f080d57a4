"""Who may take on a role."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.resource import Resource
from frame.rule import Category, Relative, ResourceCheck, ResourceRule, Rule, Settings, Severity
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules import frameworks
from rules.aws.documents import ROLE, Statement, principals, statements

_ACCOUNT: Final = re.compile(r"\d{12}|arn:aws[\w-]*:iam::\d{12}:root")
_GITHUB: Final = "token.actions.githubusercontent.com"
# A subject that names at least the whole organisation.
_GITHUB_SUBJECT: Final = re.compile(r"repo:[^/*]+/.+")
_EKS_SUBJECT: Final = re.compile(r"system:serviceaccount:[^:*]+:.*[^*:].*")
_LIMITS: Final = frozenset(
    {"aws:principalorgid", "aws:principalarn", "aws:principalaccount", "aws:sourceaccount"}
    | {"aws:sourcearn", "sts:externalid", "aws:principalorgpaths", "aws:sourceorgid"}
)


def _per_statement(check: Callable[[Statement], Iterator[Outcome]], *, kind: str) -> ResourceCheck:
    def run(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
        found = False
        for statement in statements(resource.at("assumeRolePolicy")):
            if isinstance(statement, Node):
                found = True
                yield Undetermined(path=statement.path, because="who is trusted")
            elif statement.allows and principals(statement, kind):
                found = True
                yield from check(statement)
        if not found:
            yield NotApplicable(f"trusts no principal of the kind {kind}")

    return run


def _public(statement: Statement) -> Iterator[Outcome]:
    limited = bool(statement.condition_keys() & _LIMITS)
    for node in principals(statement, "AWS"):
        if node.unknown:
            yield Undetermined(path=node.path)
        elif node.value == "*" and not limited:
            yield Violation(path=node.path, found="trusts everybody with an AWS account")


def _account(statement: Statement) -> Iterator[Outcome]:
    limited = bool(statement.condition_keys() & _LIMITS)
    for node in principals(statement, "AWS"):
        if node.unknown:
            yield Undetermined(path=node.path)
        elif _ACCOUNT.fullmatch(node.text()) and not limited:
            yield Violation(path=node.path, found=f"trusts all of the account {node.text()}")


def _federated(statement: Statement) -> Iterator[Outcome]:
    for node in principals(statement, "Federated"):
        if node.unknown:
            yield Undetermined(path=node.path)
        elif _GITHUB in node.text():
            yield from _subject(statement, node, _GITHUB_SUBJECT)
        elif "oidc.eks." in node.text():
            yield from _subject(statement, node, _EKS_SUBJECT)
        elif not statement.condition_keys() and "saml-provider" not in node.text():
            yield Violation(path=node.path, found="is trusted whomever it signs for")


def _subject(statement: Statement, provider: Node, pattern: re.Pattern[str]) -> Iterator[Outcome]:
    subjects = [
        item
        for _, block in statement.conditions.entries()
        for key, node in block.entries()
        if key.lower().endswith(":sub")
        for item in ([node] if isinstance(node.value, str) else node.each())
    ]
    if not subjects:
        path = statement.conditions.path or provider.path
        yield Violation(path=path, found="does not say which subjects may take on the role")
    for subject in subjects:
        if subject.unknown:
            yield Undetermined(path=subject.path)
        elif not pattern.fullmatch(subject.text()):
            found = f"{subject.shown()} lets subjects of others take on the role"
            yield Violation(path=subject.path, found=found)


PUBLIC: Final = ResourceRule(
    id="iam-roles-do-not-trust-everybody",
    title="No role can be taken on by everybody",
    why=(
        "A role that trusts * can be taken on from any of the millions of AWS accounts; its ARN is "
        "all one needs, and ARNs are in logs, in error messages and in repositories."
    ),
    fix='"Principal": {"Service": "pods.eks.amazonaws.com"}',
    severity=Severity.CRITICAL,
    category=Category.SECURITY,
    tokens=(ROLE,),
    covers=("A08",),
    check=_per_statement(_public, kind="AWS"),
    frameworks=(frameworks.well_architected("SEC03-BP07 Analyze public and cross-account access"),),
    relatives=(Relative(tool="Checkov", check="CKV_AWS_60"),),
)

ACCOUNT: Final = ResourceRule(
    id="iam-roles-trust-named-principals",
    title="Roles trust roles, not whole accounts",
    why=(
        "To trust an account's root is to trust everybody in it who may call sts:AssumeRole: the "
        "contractor's user as well as the pipeline that was meant."
    ),
    fix='"Principal": {"AWS": "arn:aws:iam::123456789012:role/deployer"}',
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    tokens=(ROLE,),
    covers=("A08",),
    check=_per_statement(_account, kind="AWS"),
    frameworks=(frameworks.well_architected("SEC03-BP07 Analyze public and cross-account access"),),
    relatives=(Relative(tool="Checkov", check="CKV_AWS_61"),),
)

FEDERATED: Final = ResourceRule(
    id="iam-federated-trust-names-subjects",
    title="Roles for outside identities say whose",
    why=(
        "GitHub signs tokens for everybody's workflows, and a cluster's issuer for all of its "
        "pods: without the subject every repository on GitHub, or every pod of the cluster, may "
        "take on the role. repo:acme* also matches acme-evil."
    ),
    fix=('"StringLike": {"token.actions.githubusercontent.com:sub": "repo:ORG/REPO:*"}'),
    severity=Severity.CRITICAL,
    category=Category.SECURITY,
    tokens=(ROLE,),
    covers=("A08",),
    check=_per_statement(_federated, kind="Federated"),
    frameworks=(frameworks.well_architected("SEC03-BP07 Analyze public and cross-account access"),),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_393"),
        Relative(tool="Checkov", check="CKV_AWS_358"),
    ),
)

RULES: Final[Sequence[Rule]] = (PUBLIC, ACCOUNT, FEDERATED)
