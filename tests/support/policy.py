"""Rules under the engine's own conditions, without the engine.

Properties go through the message that the engine would send, the SDK's deserialiser
and the proxy that raises on unknown values: plain dicts would hide a whole
class of errors. Beside that they take the pack's own, faster way, and both have to agree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from frame import pack, run
from frame.facts import UNKNOWN, thaw
from frame.resource import Index, Resource
from frame.rule import ResourceRule, Rule, StackRule
from frame.server import Analyzer, _resource
from frame.settings import PackSettings
from frame.verdict import Kind, Verdict
from frame.wire import read
from tests.support.edits import DELETE

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_STEP = re.compile(r"\[(\d+)\]|\[\"([^\"]+)\"\]|([^.\[]+)")


@dataclass(frozen=True)
class Secret:
    """A value that the engine marks as secret."""

    value: Any


@dataclass(frozen=True, kw_only=True)
class Given:
    """One resource of a test: what the program would have registered."""

    token: str
    props: Mapping[str, Any]
    name: str = "it"
    parent: str = ""
    depends_on: Sequence[str] = ()
    # Property to the names of the resources that its value comes from.
    through: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def urn(self) -> str:
        return urn(self.token, self.name)


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:test::project::{token}::{name}"


def but(props: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the properties with single fields changed, named by their paths."""
    result = fresh(props)
    for path, value in changes.items():
        _put(result, [_step(match) for match in _STEP.finditer(path)], value)
    return result


def fresh(value: Any) -> Any:
    """Return a copy in which nothing is shared, not even what was shared before."""
    if isinstance(value, Mapping):
        return {key: fresh(item) for key, item in value.items()}
    return [fresh(item) for item in value] if isinstance(value, list | tuple) else value


def judge(rule: Rule, given: Given, **settings: Any) -> Verdict:
    """Return what a resource rule says, having gone through the SDK and the pack's own way."""
    assert isinstance(rule, ResourceRule)
    message = to_struct(given.props)
    args = _sdk_args(rule, given, message, settings)
    by_sdk = pack._resource(args)
    own, _ = read(message)
    assert thaw(args.props) == own
    return run.examine_resource(rule, by_sdk, _pack_settings(rule, settings))


def judge_stack(rule: Rule, resources: Sequence[Given], **settings: Any) -> Verdict:
    """Return what a stack rule says about the resources, in whatever order they come."""
    assert isinstance(rule, StackRule)
    forward = run.examine_stack(rule, to_index(resources), _pack_settings(rule, settings))
    backward = to_index(list(reversed(resources)))
    assert forward == run.examine_stack(rule, backward, _pack_settings(rule, settings))
    return forward


def to_index(resources: Sequence[Given]) -> Index:
    """Return the index that the analyzer would build from the engine's message."""
    messages = [_stack_message(item, resources) for item in resources]
    return Index(_resource(item, read(item.properties), parent=item.parent) for item in messages)


def analyze(
    rules: Sequence[Rule], given: Given, config: Mapping[str, Any] | None = None
) -> list[Any]:
    """Return the diagnostics that the engine would get for one resource."""
    request = proto.AnalyzeRequest(
        type=given.token, urn=given.urn, name=given.name, properties=to_struct(given.props)
    )
    return list(analyzer(rules, config).Analyze(request, None).diagnostics)


def analyze_stack(
    rules: Sequence[Rule],
    resources: Sequence[Given],
    config: Mapping[str, Any] | None = None,
    *,
    outputs: bool = True,
) -> list[Any]:
    """Return the diagnostics that the engine would get for a whole stack.

    With `outputs` False as in the preview of a new cluster: each resource is seen when it is
    registered, and has no output at the end.
    """
    served = analyzer(rules, config)
    messages = [_stack_message(item, resources) for item in resources]
    for item in messages:
        served.Analyze(
            proto.AnalyzeRequest(
                type=item.type, urn=item.urn, name=item.name, properties=item.properties
            ),
            None,
        )
        if not outputs:
            item.properties.Clear()
    request = proto.AnalyzeStackRequest(resources=messages)
    return list(served.AnalyzeStack(request, None).diagnostics)


def analyzer(rules: Sequence[Rule], config: Mapping[str, Any] | None = None) -> Analyzer:
    """Return the pack's analyzer, configured as `--policy-pack-config` would."""
    level = pack.EnforcementLevel.ADVISORY
    served = Analyzer("ballast", "0.0.1", pack.policies(rules), level)
    request = proto.ConfigureAnalyzerRequest()
    for name, entry in (config or {}).items():
        values = dict(entry) if isinstance(entry, Mapping) else {"enforcementLevel": entry}
        stated = values.pop("enforcementLevel", None)
        known = {rule.id: rule for rule in rules}
        stated = stated or known[name].level.value
        request.policyConfig[name].enforcementLevel = getattr(proto, stated.upper())
        request.policyConfig[name].properties.CopyFrom(to_struct(values))
    served.Configure(request, _Aborting())
    return served


class _Aborting:
    """A gRPC context whose abort can be caught."""

    def abort(self, code: Any, message: str) -> None:
        raise Refused(message)


class Refused(Exception):
    """The analyzer refused its configuration."""


def paths(verdict: Verdict) -> list[str]:
    """Return where the violations are."""
    return [violation.path for violation in verdict.violations]


def passes(verdict: Verdict) -> bool:
    return verdict.kind is Kind.PASS


def to_struct(props: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return properties as the engine sends them: unknowns and secrets as its marks."""
    return json_format.ParseDict(_marked(dict(props)), struct_pb2.Struct())


def _marked(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_STRING_VALUE
    if isinstance(value, Secret):
        return {_SIGNATURE: _SECRET, "value": _marked(value.value)}
    if isinstance(value, Mapping):
        return {key: _marked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(item) for item in value]
    return value


def _sdk_args(
    rule: Rule, given: Given, message: struct_pb2.Struct, settings: Mapping[str, Any]
) -> pack.ResourceValidationArgs:
    plain = deserialize_properties(json_format.MessageToDict(message))
    options = Analyzer._get_resource_options(None, proto.AnalyzeRequest())  # type: ignore[arg-type]
    return pack.ResourceValidationArgs(
        given.token,
        unknown_checking_proxy(plain),
        given.urn,
        given.name,
        options,
        None,
        rule.with_defaults(settings),
    )


def _stack_message(item: Given, resources: Sequence[Given]) -> proto.AnalyzerResource:
    urns = {other.name: other.urn for other in resources}
    message = proto.AnalyzerResource(
        type=item.token,
        urn=item.urn,
        name=item.name,
        parent=item.parent,
        properties=to_struct(item.props),
        dependencies=[urns[name] for name in item.depends_on],
    )
    for prop, names in item.through.items():
        message.propertyDependencies[prop].urns.extend(urns[name] for name in names)
    return message


def _pack_settings(rule: Rule, settings: Mapping[str, Any]) -> PackSettings:
    return PackSettings(values={rule.id: dict(settings)})


def resource(given: Given) -> Resource:
    """Return the resource as rules see it."""
    return to_index([given]).resources[0]


def _step(match: re.Match[str]) -> int | str:
    position, quoted, plain = match.groups()
    return int(position) if position else quoted or plain


def _put(target: Any, steps: Sequence[int | str], value: Any) -> None:
    *way, last = steps
    if value is not DELETE:
        value = fresh(value)
    for step in way:
        if isinstance(target, dict) and isinstance(step, str) and step not in target:
            target[step] = {}
        target = target[step]
    if isinstance(target, dict) and isinstance(last, int):
        raise KeyError(last)
    if value is DELETE:
        del target[last]
    elif isinstance(target, list) and last == len(target):
        target.append(value)
    else:
        target[last] = value


def remediate(rule: Rule, given: Given) -> dict[str, Any] | None:
    """Return the properties after the rule's remediation through the SDK; None for no change."""
    request = proto.AnalyzeRequest(
        type=given.token, urn=given.urn, name=given.name, properties=to_struct(given.props)
    )
    config = {rule.id: "remediate"}
    response = analyzer([rule], config).Remediate(request, None)
    done = [item for item in response.remediations if not item.diagnostic]
    if not done:
        return None
    (made,) = done
    return read(made.properties)[0]
