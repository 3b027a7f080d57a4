"""What a request passes on its way to a model, and what a node's agents reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from frame.resource import Index, Resource
from frame.rule import Category, Rule, Settings, Severity, StackRule
from frame.verdict import NotApplicable, Outcome, Undetermined, Violation
from rules.aws.checks import block
from rules.aws.edge import BALANCERS, FUNCTION, FUNCTION_URL
from rules.aws.instances import TEMPLATE
from rules.inference.serving import servings
from rules.kubernetes.workloads import WORKLOADS, containers, pods

_INTEGRATIONS: Final = (
    "aws:apigateway/integration:Integration",
    "aws:apigatewayv2/integration:Integration",
)
_TARGET: Final = (
    "aws:lb/targetGroupAttachment:TargetGroupAttachment",
    "aws:alb/targetGroupAttachment:TargetGroupAttachment",
)
# Addresses by which model servers are asked to generate.
_GENERATES: Final = re.compile(
    r"/v1/(chat/)?completions|/v1/messages|/generate(_stream)?\b|/v2/models/[^/]+/(infer|generate)"
    r"|\.svc\.cluster\.local"
)
# Agents that read the node's metadata unless told what it says, and the flags that tell.
_AGENTS: Final = (
    (re.compile(r"aws-load-balancer-controller"), ("--aws-vpc-id", "--aws-region")),
    (re.compile(r"aws-node-termination-handler"), ("--enable-sqs-termination-draining",)),
)


def _check_path(index: Index, _settings: Settings) -> Iterator[Outcome]:
    models = {serving.workload.urn for serving in servings(index)}
    applies = False
    for integration in index.of_token(*_INTEGRATIONS):
        applies = True
        uri = integration.at("uri")
        uri = integration.at("integrationUri") if uri.missing else uri
        if _leads_to_model(index, integration, models) or _GENERATES.search(uri.text()):
            found = f"API Gateway ends requests after 29 s, and {integration.name} leads to a model"
            yield Violation(path=uri.path, found=found, urn=integration.urn)
    for function in index.of_token(FUNCTION):
        if not _is_called(index, function):
            continue
        applies = True
        yield from _function(index, function, models)
    if not applies:
        yield NotApplicable("no API Gateway and no function that requests come to")


def _function(index: Index, function: Resource, models: set[str]) -> Iterator[Outcome]:
    variables = block(function.at("environment")).at("variables")
    asked = [node for _, node in variables.entries() if _GENERATES.search(node.text())]
    if asked or _leads_to_model(index, function, models):
        path = asked[0].path if asked else variables.path
        found = f"requests for a model pass through the function {function.name}"
        yield Violation(path=path, found=found, urn=function.urn)
    elif variables.unknown:
        yield Undetermined(path=variables.path, urn=function.urn)


def _is_called(index: Index, function: Resource) -> bool:
    callers = index.dependents(function, *_INTEGRATIONS, FUNCTION_URL, *_TARGET)
    return bool(callers)


def _leads_to_model(index: Index, start: Resource, models: set[str]) -> bool:
    """Tell whether what the resource is made from goes back to a model server or its door."""
    seen, waiting = {start.urn}, [start]
    while waiting:
        resource = waiting.pop()
        if resource.urn in models or (models and _is_door(resource)):
            return True
        for urn in (*resource.dependencies, *_through(resource)):
            if urn not in seen and urn in index.by_urn:
                seen.add(urn)
                waiting.append(index.by_urn[urn])
    return False


def _through(resource: Resource) -> Iterator[str]:
    for urns in resource.property_dependencies.values():
        yield from urns


def _is_door(resource: Resource) -> bool:
    service = resource.is_kubernetes and resource.kind in ("Service", "Ingress", "HTTPRoute")
    return service or resource.token in BALANCERS


def _check_metadata(index: Index, _settings: Settings) -> Iterator[Outcome]:
    closed = [
        template
        for template in index.of_token(TEMPLATE)
        if block(template.at("metadataOptions")).at("httpPutResponseHopLimit").number() == 1
    ]
    applies = False
    for workload in index.resources:
        if closed and workload.is_kubernetes:
            for outcome in _needs_metadata(workload):
                applies = True
                yield outcome
    if not applies:
        yield NotApplicable("no agent that reads the node's metadata")


def _needs_metadata(workload: Resource) -> Iterator[Outcome]:
    if any(pod.spec.at("hostNetwork").is_true() for pod in pods(workload)):
        return
    for container in containers(workload):
        image = container.at("image").text()
        words = " ".join(container.at("args").texts() + container.at("command").texts())
        for pattern, flags in _AGENTS:
            missing = [flag for flag in flags if flag not in words]
            if pattern.search(image) and missing:
                yield Violation(
                    path=container.at("args").path,
                    found=(
                        f"{container.label} asks the node's metadata, which the hop limit of 1 "
                        f"keeps from pods; it lacks {', '.join(missing)}"
                    ),
                    fix=f"args: [{missing[0]}=...]",
                    urn=workload.urn,
                )


PATH: Final = StackRule(
    id="tokens-do-not-pass-functions",
    title="Requests for a model do not pass through Lambda or API Gateway",
    why=(
        "API Gateway ends a request after 29 s and does not stream from most integrations; Lambda "
        "is paid for every second that it waits for tokens, at 6 MB of answer at the most, and "
        "each waiting request takes one of the account's 1,000 executions."
    ),
    fix='aws.lb.LoadBalancer("gateway", load_balancer_type="network")  # straight to the gateway',
    severity=Severity.HIGH,
    category=Category.RELIABILITY,
    tokens=(*_INTEGRATIONS, FUNCTION),
    covers=("L5",),
    check=_check_path,
)

METADATA: Final = StackRule(
    id="agents-work-without-node-metadata",
    title="Agents on nodes with a closed metadata service are told what they need",
    why=(
        "With a hop limit of 1 pods do not reach the node's metadata, as it should be. Agents that "
        "ask it for the region or the network wait for a timeout and crash, unless they are told "
        "by flag."
    ),
    fix="args: [--aws-vpc-id=vpc-1, --aws-region=us-east-1]",
    severity=Severity.MEDIUM,
    category=Category.RELIABILITY,
    tokens=WORKLOADS,
    covers=("L17",),
    check=_check_metadata,
)

RULES: Final[Sequence[Rule]] = (PATH, METADATA)
