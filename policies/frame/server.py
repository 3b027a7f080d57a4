"""The analyzer process that the engine talks to.

The SDK's analyzer decodes every resource again for each policy, knows one level
a policy, and lets a policy see its own settings only. This one decodes once, asks
only the rules that a resource concerns, reports what is undetermined or exempted as
advice, and refuses a configuration with a name in it that no rule has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import grpc
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi_policy import Policy
from pulumi_policy import policy as sdk

from frame import pack, run
from frame.facts import Node, contains_unknown
from frame.pack import RULED
from frame.resource import Index, Resource
from frame.rule import Level, ResourceRule, Rule, Severity, StackRule
from frame.run import Finding
from frame.settings import PackSettings, SettingsError, unknown_name
from frame.wire import read

R = TypeVar("R", bound=Rule)
# Properties as plain data, and the texts in them that are secret.
Message = tuple[dict[str, Any], frozenset[str]]

_LEVELS: Final = {
    Level.ADVISORY: proto.ADVISORY,
    Level.MANDATORY: proto.MANDATORY,
    Level.REMEDIATE: proto.REMEDIATE,
    Level.DISABLED: proto.DISABLED,
}
_LEVEL_NAMES: Final = {value: level for level, value in _LEVELS.items()}
_SEVERITIES: Final = {
    Severity.LOW: proto.POLICY_SEVERITY_LOW,
    Severity.MEDIUM: proto.POLICY_SEVERITY_MEDIUM,
    Severity.HIGH: proto.POLICY_SEVERITY_HIGH,
    Severity.CRITICAL: proto.POLICY_SEVERITY_CRITICAL,
}


class Analyzer(sdk._PolicyAnalyzerServicer):  # pyright: ignore[reportPrivateUsage]
    """The SDK's analyzer with its two analyses replaced; the rest of the protocol is the SDK's."""

    def __init__(self, name: str, version: str, policies: list[Policy], *rest: Any) -> None:
        super().__init__(name, version, policies, *rest)
        self._identity = (name, version)
        self._rules = [policy.rule for policy in policies if isinstance(policy, RULED)]
        self._settings = PackSettings()
        self._by_token: dict[str, list[ResourceRule]] = {}
        # What each resource was registered with, by URN.
        self._inputs: dict[str, Message] = {}

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Take the stack's configuration, or refuse it."""
        try:
            self._settings = _settings(request.policyConfig, self._rules)
            self._by_token = {}
        except SettingsError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return super().Configure(request, context)  # pyright: ignore[reportUnknownMemberType]

    def Analyze(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002
        """Run the resource rules over one resource, before it is made."""
        response = proto.AnalyzeResponse()
        message = self._inputs[request.urn] = read(request.properties)
        resource = _resource(request, message, parent=request.options.parent)
        for rule in self._concerned(request.type):
            verdict = run.examine_resource(rule, resource, self._settings)
            if verdict.not_applicable:
                _add_not_applicable(response, rule, verdict.not_applicable)
            self._add(response, run.findings_of(rule, verdict, resource, self._settings))
        return response

    def AnalyzeStack(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002
        """Run the stack rules over everything, at the end."""
        response = proto.AnalyzeResponse()
        index = Index(
            _resource(item, self._known(item), parent=item.parent) for item in request.resources
        )
        run.look_at(index, self._rules, self._settings)
        for rule in self._active(StackRule):
            verdict = run.examine_stack(rule, index, self._settings)
            if verdict.not_applicable:
                _add_not_applicable(response, rule, verdict.not_applicable)
            self._add(response, run.findings_of(rule, verdict, index, self._settings))
        return response

    def _known(self, item: Any) -> Message:
        """Return what a resource was registered with, and the outputs that are known.

        The engine asks no provider whose own configuration is unknown: in the preview of a new
        cluster every Kubernetes object comes without a single output. And an output that AWS
        fills in by itself is unknown although the program left it at its default.
        """
        outputs, secrets = read(item.properties)
        if item.urn not in self._inputs:
            return outputs, secrets
        inputs, secrets_too = self._inputs[item.urn]
        known = {key: value for key, value in outputs.items() if not contains_unknown(value)}
        return {**inputs, **known}, secrets | secrets_too

    def _concerned(self, token: str) -> list[ResourceRule]:
        """Return the rules that have something to say about resources of the type."""
        if token not in self._by_token:
            active = self._active(ResourceRule)
            self._by_token[token] = [rule for rule in active if rule.applies_to(token)]
        return self._by_token[token]

    def _active(self, kind: type[R]) -> list[R]:
        return [
            rule
            for rule in self._rules
            if isinstance(rule, kind) and self._settings.level(rule) is not Level.DISABLED
        ]

    def _add(self, response: Any, findings: Iterator[Finding]) -> None:
        name, version = self._identity
        for finding in findings:
            response.diagnostics.append(
                proto.AnalyzeDiagnostic(
                    policyName=finding.rule.id,
                    policyPackName=name,
                    policyPackVersion=version,
                    message=f"{finding.rule.title}\n{finding.message}",
                    urn=finding.urn,
                    description=finding.rule.title,
                    enforcementLevel=_LEVELS[finding.level],
                    severity=_SEVERITIES[finding.rule.severity],
                )
            )


class PolicyPack(sdk.PolicyPack):
    """The SDK's pack, served by this analyzer; constructing it returns when the engine is done."""

    def __init__(self, name: str, description: str, rules: Sequence[Rule]) -> None:
        # The SDK names its analyzer here and offers no other way to bring one's own.
        sdk._PolicyAnalyzerServicer = Analyzer  # pyright: ignore[reportPrivateUsage]
        level = sdk.EnforcementLevel.ADVISORY
        super().__init__(name, pack.policies(rules), level, description=description)


def _settings(config: Any, rules: Sequence[Rule]) -> PackSettings:
    known = {rule.id: rule for rule in rules}
    strangers = [unknown_name(name, known) for name in config if name not in (*known, "all")]
    if strangers:
        message = "The policy pack's configuration is wrong: " + "; ".join(sorted(strangers))
        raise SettingsError(message)
    return PackSettings(
        levels={key: _LEVEL_NAMES[config[key].enforcementLevel] for key in config if key != "all"},
        values={key: read(config[key].properties)[0] for key in config if key != "all"},
    )


def _resource(message: Any, content: Message, *, parent: str) -> Resource:
    properties, secrets = content
    through = getattr(message, "propertyDependencies", {})
    return Resource(
        token=message.type,
        name=message.name,
        urn=message.urn,
        props=Node(properties),
        parent=parent,
        protect=message.options.protect,
        ignore_changes=tuple(message.options.ignoreChanges),
        dependencies=tuple(getattr(message, "dependencies", ())),
        property_dependencies={key: tuple(value.urns) for key, value in through.items()},
        secrets=secrets,
    )


def _add_not_applicable(response: Any, rule: Rule, reason: str) -> None:
    response.not_applicable.append(proto.PolicyNotApplicable(policy_name=rule.id, reason=reason))
