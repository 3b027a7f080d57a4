"""What a container may do to its node: privileges, users, capabilities, file systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.resource import Resource
from frame.rule import Category, Relative, ResourceRule, Rule, Setting, Settings, Severity
from frame.verdict import Outcome, Undetermined, Violation
from rules import frameworks
from rules.kubernetes.checks import forbid_true, per_container, require_false
from rules.kubernetes.workloads import WORKLOADS, Container, Pod

_SCC: Final = "kubernetes:security.openshift.io/*:SecurityContextConstraints"
# Capabilities that are as good as root on the node.
_DANGEROUS: Final = frozenset(
    {
        "ALL",
        "SYS_ADMIN",
        "NET_ADMIN",
        "SYS_PTRACE",
        "SYS_MODULE",
        "SYS_RAWIO",
        "BPF",
        "DAC_READ_SEARCH",
    }
)


def _privileged(resource: Resource, settings: Settings) -> Iterator[Outcome]:
    if resource.kind == "SecurityContextConstraints":
        allowed = resource.at("allowPrivilegedContainer")
        yield from forbid_true(allowed, "lets pods run privileged containers")
        return
    yield from per_container(_privileged_container)(resource, settings)


def _privileged_container(
    container: Container, _pod: Pod, _settings: Settings
) -> Iterator[Outcome]:
    node = container.at("securityContext", "privileged")
    yield from forbid_true(node, f"is true for {container.label}")


def _root(container: Container, pod: Pod, settings: Settings) -> Iterator[Outcome]:
    non_root = _effective(container, pod, "runAsNonRoot")
    user = _effective(container, pod, "runAsUser")
    yield from _root_group(container, pod, settings)
    if user.number() == 0:
        yield Violation(path=user.path, found=f"is 0, which is root, for {container.label}")
    elif non_root.is_true() or user.number() is not None:
        return
    elif non_root.unknown or user.unknown:
        yield Undetermined(path=(non_root if non_root.unknown else user).path)
    else:
        yield Violation(path=non_root.path, found=f"is {non_root.shown()} for {container.label}")


def _root_group(container: Container, pod: Pod, settings: Settings) -> Iterator[Outcome]:
    group = _effective(container, pod, "runAsGroup")
    if settings["rootGroup"] and group.number() == 0:
        yield Violation(
            path=group.path,
            found=f"is 0, the root group, for {container.label}",
            fix="runAsGroup: 10001",
        )


def _effective(container: Container, pod: Pod, key: str) -> Node:
    """Return the container's own value, or the pod's where it has none."""
    own = container.at("securityContext", key)
    inherited = pod.spec.at("securityContext", key)
    return inherited if own.missing and not inherited.missing else own


def _escalation(container: Container, _pod: Pod, settings: Settings) -> Iterator[Outcome]:
    node = container.at("securityContext", "allowPrivilegeEscalation")
    if settings["explicitOnly"]:
        yield from forbid_true(node, f"is true for {container.label}")
    else:
        yield from require_false(node, f"is {node.shown()} for {container.label}")


def _capabilities(container: Container, _pod: Pod, settings: Settings) -> Iterator[Outcome]:
    capabilities = container.at("securityContext", "capabilities")
    for added in capabilities.at("add").each():
        name = added.text().upper().removeprefix("CAP_")
        if added.unknown:
            yield Undetermined(path=added.path)
        elif name in _DANGEROUS:
            yield Violation(
                path=added.path, found=f"adds {name} to {container.label}", fix="capabilities: {}"
            )
    yield from _dropped(container, capabilities.at("drop"), settings)


def _dropped(container: Container, drop: Node, settings: Settings) -> Iterator[Outcome]:
    names = {name.upper().removeprefix("CAP_") for name in drop.texts()}
    if names & {settings["drop"].upper(), "ALL"}:
        return
    if drop.unknown or any(item.unknown for item in drop.each()):
        yield Undetermined(path=drop.path)
    else:
        found = f"does not hold {settings['drop']} for {container.label}"
        yield Violation(path=drop.path, found=found)


def _read_only(container: Container, _pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    node = container.at("securityContext", "readOnlyRootFilesystem")
    if node.unknown:
        yield Undetermined(path=node.path)
    elif not node.is_true():
        yield Violation(path=node.path, found=f"is {node.shown()} for {container.label}")


NOT_PRIVILEGED: Final = ResourceRule(
    id="containers-not-privileged",
    title="No container is privileged",
    why=(
        "A privileged container sees all devices of its node and may load kernel modules: whoever "
        "breaks into it owns the node, its 1 to 8 GPUs, and the credentials of every pod there. "
        "GPUs are handed out by the device plugin and need no privilege."
    ),
    fix="securityContext: {privileged: false}",
    severity=Severity.CRITICAL,
    category=Category.SECURITY,
    tokens=(*WORKLOADS, _SCC),
    covers=("K13",),
    check=_privileged,
    frameworks=(
        frameworks.pod_security("Baseline: Privileged Containers"),
        frameworks.cis_eks("4.2.1 Minimize the admission of privileged containers"),
        frameworks.nsa("Pod security: non-privileged containers"),
    ),
    relatives=(
        Relative(tool="kube-linter", check="privileged-container"),
        Relative(tool="kube-linter", check="scc-deny-privileged-container"),
        Relative(tool="Checkov", check="CKV_K8S_16"),
        Relative(tool="Trivy", check="KSV-0017"),
        Relative(tool="Kubescape", check="C-0057"),
        Relative(tool="Polaris", check="runAsPrivileged"),
    ),
)

NON_ROOT: Final = ResourceRule(
    id="containers-run-as-non-root",
    title="Containers run as a user other than root",
    why=(
        "User 0 in a container is user 0 on the node the moment it escapes; most published escapes "
        "of the last years needed it. Images that are built as root start as root unless the pod "
        "says otherwise."
    ),
    fix="securityContext: {runAsNonRoot: true, runAsUser: 10001}",
    severity=Severity.HIGH,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K13",),
    check=per_container(_root),
    settings={
        "rootGroup": Setting(
            type="boolean",
            default=True,
            description="Whether the root group counts like the root user.",
        )
    },
    frameworks=(
        frameworks.pod_security("Restricted: Running as Non-root"),
        frameworks.nsa("Pod security: non-root containers"),
    ),
    relatives=(
        Relative(tool="kube-linter", check="run-as-non-root"),
        Relative(tool="Checkov", check="CKV_K8S_23", settings={"rootGroup": False}),
        Relative(tool="Trivy", check="KSV-0012", settings={"rootGroup": False}),
        Relative(tool="Kubescape", check="C-0013"),
        Relative(tool="Polaris", check="runAsRootAllowed"),
    ),
)

NO_ESCALATION: Final = ResourceRule(
    id="containers-no-privilege-escalation",
    title="No process in a container can gain more privileges than it started with",
    why=(
        "Kubernetes lets processes gain privileges unless told not to: one setuid binary in the "
        "image, and a request that runs code as user 10001 runs it as root."
    ),
    fix="securityContext: {allowPrivilegeEscalation: false}",
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K13",),
    check=per_container(_escalation),
    settings={
        "explicitOnly": Setting(
            type="boolean",
            default=False,
            description="Whether only an explicit true counts, and not the default.",
        )
    },
    frameworks=(
        frameworks.pod_security("Restricted: Privilege Escalation"),
        frameworks.cis_eks("4.2.5 Minimize the admission of containers that may escalate"),
    ),
    relatives=(
        Relative(
            tool="kube-linter",
            check="privilege-escalation-container",
            settings={"explicitOnly": True},
        ),
        Relative(tool="Checkov", check="CKV_K8S_20"),
        Relative(tool="Trivy", check="KSV-0001"),
        Relative(tool="Kubescape", check="C-0016"),
        Relative(tool="Polaris", check="privilegeEscalationAllowed"),
    ),
)

CAPABILITIES: Final = ResourceRule(
    id="containers-drop-capabilities",
    title="Containers drop the kernel capabilities that they do not need",
    why=(
        "A container starts with 14 of root's capabilities, among them NET_RAW, which is enough to "
        "spoof its neighbours on the node. A model server needs none of them."
    ),
    fix="securityContext: {capabilities: {drop: [ALL]}}",
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K13",),
    check=per_container(_capabilities),
    settings={
        "drop": Setting(
            type="string", default="ALL", description="The capability that has to be dropped."
        )
    },
    frameworks=(frameworks.pod_security("Restricted: Capabilities"),),
    relatives=(
        Relative(tool="kube-linter", check="drop-net-raw-capability", settings={"drop": "NET_RAW"}),
        Relative(tool="Checkov", check="CKV_K8S_28", settings={"drop": "NET_RAW"}),
        Relative(tool="Checkov", check="CKV_K8S_37"),
        Relative(tool="Trivy", check="KSV-0003"),
        Relative(tool="Polaris", check="dangerousCapabilities"),
    ),
)

READ_ONLY: Final = ResourceRule(
    id="containers-read-only-root-filesystem",
    title="Containers cannot write to their own image",
    why=(
        "Whoever can write into the image's files can leave a program behind that the next request "
        "runs. What a server has to write (cache, temporary files) belongs on a volume with a "
        "size limit, where it also cannot fill the node's disk."
    ),
    fix="securityContext: {readOnlyRootFilesystem: true}  # and an emptyDir for /tmp",
    severity=Severity.LOW,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K13",),
    check=per_container(_read_only),
    frameworks=(frameworks.nsa("Pod security: immutable container file systems"),),
    relatives=(
        Relative(tool="kube-linter", check="no-read-only-root-fs"),
        Relative(tool="Checkov", check="CKV_K8S_22"),
        Relative(tool="Trivy", check="KSV-0014"),
        Relative(tool="Kubescape", check="C-0017"),
        Relative(tool="Polaris", check="notReadOnlyRootFilesystem"),
    ),
)

RULES: Final[Sequence[Rule]] = (
    NOT_PRIVILEGED,
    NON_ROOT,
    NO_ESCALATION,
    CAPABILITIES,
    READ_ONLY,
)
