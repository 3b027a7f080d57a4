"""The EKS cluster and its node groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.networks import is_world
from frame.resource import Resource
from frame.rule import Category, Relative, ResourceRule, Rule, Setting, Settings, Severity
from frame.verdict import Outcome, Undetermined, Violation
from rules import frameworks
from rules.aws.checks import block

CLUSTER: Final = "aws:eks/cluster:Cluster"
NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
_LOGS: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")


def _endpoint(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    config = block(resource.at("vpcConfig"))
    public = config.at("endpointPublicAccess")
    if public.unknown:
        yield Undetermined(path=public.path)
    elif public.is_false():
        return
    elif not settings["allowListed"]:
        yield Violation(path=public.path, found=f"is {public.shown()}")
    else:
        yield from _listed(config)


def _listed(config: Node) -> Iterator[Outcome]:
    allowed = config.at("publicAccessCidrs")
    blocks = list(allowed.each())
    world = [item for item in blocks if is_world(item.value)]
    for item in blocks:
        if item.unknown:
            yield Undetermined(path=item.path)
    if world:
        yield Violation(path=world[0].path, found=f"is {world[0].shown()}")
    elif not blocks:
        yield Violation(path=allowed.path, found="not set, which means 0.0.0.0/0")


def _encrypted(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    config = block(resource.at("encryptionConfig"))
    resources = config.at("resources")
    if config.unknown or resources.unknown:
        yield Undetermined(path=(config if config.unknown else resources).path)
    elif "secrets" not in resources.texts():
        unknown = next((item for item in resources.each() if item.unknown), None)
        if unknown:
            yield Undetermined(path=unknown.path)
        else:
            yield Violation(path=resources.path, found="does not hold secrets")


def _logged(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    node = resource.at("enabledClusterLogTypes")
    missing = [name for name in settings["logs"] if name not in node.texts()]
    if not missing:
        return
    if node.unknown or any(item.unknown for item in node.each()):
        yield Undetermined(path=node.path)
    else:
        yield Violation(path=node.path, found=f"does not hold {', '.join(missing)}")


def _supported(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    node = resource.at("version")
    if node.unknown:
        yield Undetermined(path=node.path)
    elif node.known and _number(node.text()) < _number(settings["oldest"]):
        found = f"is {node.text()}; {settings['oldest']} is the oldest in standard support"
        yield Violation(path=node.path, found=found, fix=f'version="{settings["oldest"]}"')


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def _ssh(resource: Resource, _settings: Settings) -> Iterator[Outcome]:
    remote = block(resource.at("remoteAccess"))
    key, sources = remote.at("ec2SshKey"), remote.at("sourceSecurityGroupIds")
    if remote.unknown:
        yield Undetermined(path=remote.path)
    elif not key.missing and not list(sources.each()):
        yield Violation(path=sources.path, found="not set: the nodes' SSH is open to everybody")


ENDPOINT: Final = ResourceRule(
    id="eks-endpoint-not-public",
    title="The Kubernetes API is not open to the internet",
    why=(
        "The endpoint of every cluster has a name of the same form and is scanned all day; one "
        "leaked token, or one flaw in the API server before the patch is rolled out, is then "
        "enough. EKS opens it to 0.0.0.0/0 unless told otherwise."
    ),
    fix='vpc_config={"endpoint_public_access": False, "endpoint_private_access": True}',
    severity=Severity.HIGH,
    category=Category.NETWORK,
    tokens=(CLUSTER,),
    covers=("A03",),
    check=_endpoint,
    settings={
        "allowListed": Setting(
            type="boolean",
            default=True,
            description="Whether a public endpoint with a list of addresses is all right.",
        )
    },
    frameworks=(
        frameworks.cis_eks("5.4.1 Restrict access to the control plane endpoint"),
        frameworks.pci("1.3.1 Inbound traffic to the CDE is restricted to what is necessary"),
    ),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_38"),
        Relative(tool="Checkov", check="CKV_AWS_39", settings={"allowListed": False}),
        Relative(tool="Trivy", check="AWS-0040", settings={"allowListed": False}),
        Relative(tool="Trivy", check="AWS-0041"),
        Relative(tool="cdk-nag", check="AwsSolutions-EKS1", settings={"allowListed": False}),
        Relative(
            tool="AWS Config",
            check="EKS_ENDPOINT_NO_PUBLIC_ACCESS",
            settings={"allowListed": False},
        ),
    ),
)

ENCRYPTED: Final = ResourceRule(
    id="eks-secrets-use-own-key",
    title="Kubernetes secrets are encrypted with a key of the account",
    why=(
        "With envelope encryption under one's own KMS key the key can be rotated, its use is in "
        "CloudTrail, and taking it away makes a stolen copy of etcd worthless."
    ),
    fix='encryption_config={"resources": ["secrets"], "provider": {"key_arn": key.arn}}',
    severity=Severity.HIGH,
    category=Category.SECURITY,
    tokens=(CLUSTER,),
    covers=("A04",),
    check=_encrypted,
    frameworks=(
        frameworks.cis_eks("5.3.1 Kubernetes secrets are encrypted using customer keys in KMS"),
        frameworks.pci("3.5.1 Stored account data is rendered unreadable"),
    ),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_58"),
        Relative(tool="Trivy", check="AWS-0039"),
        Relative(tool="Kubescape", check="C-0066"),
        Relative(tool="AWS Config", check="EKS_SECRETS_ENCRYPTED"),
    ),
)

LOGGED: Final = ResourceRule(
    id="eks-control-plane-logs",
    title="All logs of the control plane are kept",
    why=(
        "The audit log is the only record of who changed what; authenticator and scheduler logs "
        "say why somebody could, and why a GPU pod waited. None is written unless asked for, and "
        "none can be had afterwards. Cost: about 0.50 USD a GB."
    ),
    fix=f"enabled_cluster_log_types={list(_LOGS)}",
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    tokens=(CLUSTER,),
    covers=("A05",),
    check=_logged,
    settings={
        "logs": Setting(
            type="array",
            default=list(_LOGS),
            description="The logs that have to be on.",
            more={"items": {"type": "string", "enum": list(_LOGS)}},
        )
    },
    frameworks=(
        frameworks.cis_eks("2.1.1 Enable audit logs"),
        frameworks.pci("10.2.1 Audit logs are enabled and active"),
    ),
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_37"),
        Relative(tool="Trivy", check="AWS-0038"),
        Relative(tool="cdk-nag", check="AwsSolutions-EKS2"),
        Relative(tool="AWS Config", check="EKS_CLUSTER_LOGGING_ENABLED"),
    ),
)

SUPPORTED: Final = ResourceRule(
    id="eks-version-in-standard-support",
    title="The cluster's version is in standard support",
    why=(
        "In extended support the control plane costs 0.60 USD an hour instead of 0.10: 365 USD "
        "more a month for each cluster. At its end EKS upgrades the cluster by itself, on a day of "
        "its own choosing."
    ),
    fix='version="1.35"',
    severity=Severity.MEDIUM,
    category=Category.COST,
    tokens=(CLUSTER,),
    covers=("A05",),
    check=_supported,
    settings={
        "oldest": Setting(
            type="string", default="1.34", description="The oldest version that is all right."
        )
    },
    relatives=(
        Relative(tool="Checkov", check="CKV_AWS_339", settings={"oldest": "1.29"}),
        Relative(tool="AWS Config", check="EKS_CLUSTER_SUPPORTED_VERSION"),
    ),
)

SSH: Final = ResourceRule(
    id="eks-nodes-no-open-ssh",
    title="Nodes that take SSH take it from a named group",
    why=(
        "With a key and no source group EKS makes a security group that opens port 22 of every "
        "node to 0.0.0.0/0. Session Manager needs neither a key nor an open port."
    ),
    fix='remote_access={"ec2_ssh_key": key, "source_security_group_ids": [bastion.id]}',
    severity=Severity.HIGH,
    category=Category.NETWORK,
    tokens=(NODE_GROUP,),
    covers=("A05",),
    check=_ssh,
    frameworks=(
        frameworks.pci("1.3.1 Inbound traffic to the CDE is restricted to what is necessary"),
    ),
    relatives=(Relative(tool="Checkov", check="CKV_AWS_100"),),
)

RULES: Final[Sequence[Rule]] = (ENDPOINT, ENCRYPTED, LOGGED, SUPPORTED, SSH)
