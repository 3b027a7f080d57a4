"""Records as the SDK's policy objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import (
    Severity as PolicySeverity,
)

from frame import run
from frame.facts import Node, thaw
from frame.resource import Index, Resource
from frame.rule import Level, ResourceRule, Rule, StackRule
from frame.run import FindingKind
from frame.settings import PackSettings
from frame.verdict import Verdict


def policies(rules: Sequence[Rule]) -> list[Policy]:
    """Return one policy object a rule, in the order of the rules.

    They also work in somebody else's pack under the SDK's own analyzer; there a
    finding that is undetermined has the rule's own level, since the SDK
    knows one level a policy.
    """
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            message = f"two rules are called {rule.id}; the engine would mix them up"
            raise ValueError(message)
        seen.add(rule.id)
    return [_policy(rule) for rule in rules]


class RuledResourcePolicy(ResourceValidationPolicy):
    """The policy object of a resource rule; remembers its rule."""

    def __init__(self, rule: ResourceRule) -> None:
        self.rule: Rule = rule
        remediate = _remediation(rule) if rule.remedy else None
        validate = _resource_validation(rule)
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            validate=validate, remediate=remediate, **_metadata(rule)
        )


class RuledStackPolicy(StackValidationPolicy):
    """The policy object of a stack rule; remembers its rule."""

    def __init__(self, rule: StackRule) -> None:
        self.rule: Rule = rule
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            validate=_stack_validation(rule), **_metadata(rule)
        )


RULED: Final = (RuledResourcePolicy, RuledStackPolicy)


def _policy(rule: Rule) -> Policy:
    if isinstance(rule, ResourceRule):
        return RuledResourcePolicy(rule)
    if isinstance(rule, StackRule):
        return RuledStackPolicy(rule)
    message = f"{rule.id} is neither a resource rule nor a stack rule"
    raise TypeError(message)


def _metadata(rule: Rule) -> dict[str, Any]:
    first = next(iter(rule.frameworks), None)
    properties = {key: setting.schema() for key, setting in rule.settings.items()}
    return {
        "name": rule.id,
        "description": rule.title,
        "display_name": rule.title,
        "enforcement_level": EnforcementLevel(rule.level.value),
        "severity": PolicySeverity(rule.severity.value),
        "config_schema": PolicyConfigSchema(properties) if properties else None,
        "tags": [rule.category.value, *rule.covers],
        "remediation_steps": rule.fix,
        "url": rule.url,
        "framework": first
        and PolicyComplianceFramework(
            name=first.name, version=first.version, reference=first.control
        ),
    }


def _resource_validation(
    rule: ResourceRule,
) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
        resource = _resource(args)
        settings = _settings(rule, args)
        verdict = run.examine_resource(rule, resource, settings)
        if verdict.not_applicable:
            args.not_applicable(verdict.not_applicable)
        _report(rule, verdict, resource, settings, report_violation)

    return validate


def _stack_validation(rule: StackRule) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report_violation: ReportViolation) -> None:
        index = Index(_stack_resource(resource) for resource in args.resources)
        settings = _settings(rule, args)
        verdict = run.examine_stack(rule, index, settings)
        if verdict.not_applicable:
            args.not_applicable(verdict.not_applicable)
        _report(rule, verdict, index, settings, report_violation)

    return validate


def _report(
    rule: Rule,
    verdict: Verdict,
    subject: Resource | Index,
    settings: PackSettings,
    report_violation: ReportViolation,
) -> None:
    for finding in run.findings_of(rule, verdict, subject, settings):
        if finding.kind not in (FindingKind.SUPPRESSED, FindingKind.NOTE):
            report_violation(finding.message, finding.urn or None)


def _settings(rule: Rule, args: ResourceValidationArgs | StackValidationArgs) -> PackSettings:
    values = cast("dict[str, Any]", thaw(dict(args.get_config())))
    return PackSettings(levels={rule.id: Level.MANDATORY}, values={rule.id: values})


def _resource(args: ResourceValidationArgs) -> Resource:
    return Resource(
        token=args.resource_type,
        name=args.name,
        urn=args.urn,
        props=Node(thaw(args.props)),
        parent=args.opts.parent or "",
        protect=args.opts.protect,
        ignore_changes=tuple(args.opts.ignore_changes),
    )


def _stack_resource(resource: PolicyResource) -> Resource:
    through = resource.property_dependencies
    return Resource(
        token=resource.resource_type,
        name=resource.name,
        urn=resource.urn,
        props=Node(thaw(resource.props)),
        parent=resource.parent.urn if resource.parent else "",
        protect=resource.opts.protect,
        ignore_changes=tuple(resource.opts.ignore_changes),
        dependencies=tuple(item.urn for item in resource.dependencies),
        property_dependencies={key: [item.urn for item in items] for key, items in through.items()},
    )


def _remediation(rule: ResourceRule) -> Callable[[ResourceValidationArgs], Any]:
    def remediate(args: ResourceValidationArgs) -> Any:
        resource = _resource(args)
        settings = rule.with_defaults(args.get_config())
        changes = rule.remedy(resource, settings) if rule.remedy else None
        if not changes:
            return None
        # Through the SDK's proxy, which keeps the other properties' secrets secret.
        properties = cast("dict[str, Any]", args.props)
        for key, value in changes.items():
            properties[key] = value
        return properties

    return remediate
