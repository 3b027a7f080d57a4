"""What a pod shares with its node: namespaces, paths, ports, system calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.rule import Category, Relative, ResourceRule, Rule, Setting, Settings, Severity
from frame.verdict import Outcome, Undetermined, Violation
from rules import frameworks
from rules.kubernetes.checks import forbid_true, per_container, per_pod
from rules.kubernetes.workloads import WORKLOADS, Container, Pod

# Paths whose content is the node itself.
_SENSITIVE: Final = frozenset(
    {"/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr", "/root", "/run", "/var/run"}
    | {"/run/containerd", "/var/lib/kubelet", "/var/lib/containerd", "/var/lib/docker"}
)


def _host_network(pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    yield from forbid_true(pod.spec.at("hostNetwork"), "is true", "hostNetwork: false")


def _host_pid(pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    yield from forbid_true(pod.spec.at("hostPID"), "is true", "hostPID: false")


def _host_ipc(pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    yield from forbid_true(pod.spec.at("hostIPC"), "is true", "hostIPC: false")


def _sensitive_paths(pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    for volume in pod.spec.at("volumes").each():
        path = volume.at("hostPath", "path")
        if path.unknown:
            yield Undetermined(path=path.path)
        elif path.known and _is_sensitive(path.text()):
            yield Violation(path=path.path, found=f"mounts the node's {path.text()}")


def _writable_paths(pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    for volume in pod.spec.at("volumes").each():
        path = volume.at("hostPath", "path")
        if path.missing:
            continue
        for container in pod.containers():
            yield from _writable_mounts(container, volume.at("name"), path)


def _writable_mounts(container: Container, name: Node, path: Node) -> Iterator[Outcome]:
    for mount in container.at("volumeMounts").each():
        read_only = mount.at("readOnly")
        if mount.at("name").value != name.value or read_only.is_true() or mount.unknown:
            continue
        if read_only.unknown:
            yield Undetermined(path=read_only.path)
        else:
            found = f"{container.label} can write to the node's {path.shown()}"
            yield Violation(path=mount.path, found=found)


def _is_sensitive(path: str) -> bool:
    clean = "/" + path.strip("/")
    return clean in _SENSITIVE or clean.startswith(("/etc/", "/var/run/docker", "/run/containerd/"))


def _host_ports(container: Container, _pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    for port in container.at("ports").each():
        number = port.at("hostPort")
        if number.unknown:
            yield Undetermined(path=number.path)
        elif number.number():
            found = f"takes port {number.text()} of the node for {container.label}"
            yield Violation(path=number.path, found=found)


def _low_ports(container: Container, _pod: Pod, settings: Settings) -> Iterator[Outcome]:
    for port in container.at("ports").each():
        number = port.at("containerPort")
        value = number.number()
        if number.unknown:
            yield Undetermined(path=number.path)
        elif value is not None and 0 < value < settings["firstPort"]:
            found = f"is {number.text()} for {container.label}"
            yield Violation(path=number.path, found=found)


def _seccomp(container: Container, pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    own = container.at("securityContext", "seccompProfile", "type")
    inherited = pod.spec.at("securityContext", "seccompProfile", "type")
    node = inherited if own.missing and not inherited.missing else own
    if node.unknown:
        yield Undetermined(path=node.path)
    elif node.value not in ("RuntimeDefault", "Localhost"):
        yield Violation(path=node.path, found=f"is {node.shown()} for {container.label}")


def _namespace_rule(name: str, title: str, why: str) -> ResourceRule:
    checks = {"network": _host_network, "pid": _host_pid, "ipc": _host_ipc}
    controls = {"pid": "4.2.2", "ipc": "4.2.3", "network": "4.2.4"}
    checkov = {"pid": "CKV_K8S_17", "ipc": "CKV_K8S_18", "network": "CKV_K8S_19"}
    trivy = {"pid": "KSV-0010", "ipc": "KSV-0008", "network": "KSV-0009"}
    spelled = {"pid": "hostPID", "ipc": "hostIPC", "network": "hostNetwork"}[name]
    return ResourceRule(
        id=f"pods-keep-out-of-host-{name}",
        title=title,
        why=why,
        fix=f"{spelled}: false",
        severity=Severity.HIGH,
        category=Category.SECURITY,
        tokens=WORKLOADS,
        covers=("K13",),
        check=per_pod(checks[name]),
        frameworks=(
            frameworks.pod_security("Baseline: Host Namespaces"),
            frameworks.cis_eks(f"{controls[name]} Minimize the sharing of host namespaces"),
        ),
        relatives=(
            Relative(tool="kube-linter", check=f"host-{name}"),
            Relative(tool="Checkov", check=checkov[name]),
            Relative(tool="Trivy", check=trivy[name]),
            Relative(tool="Polaris", check=f"{spelled}Set"),
        ),
    )


HOST_NETWORK: Final = _namespace_rule(
    "network",
    "No pod uses its node's network",
    "On the node's network a pod is outside every network policy, listens on the node's own "
    "addresses, and reaches the metadata service (169.254.169.254) whatever the hop limit: the "
    "node's IAM role is one request away.",
)
HOST_PID: Final = _namespace_rule(
    "pid",
    "No pod sees its node's processes",
    "With the node's process table a pod reads the environment of all other pods' processes, "
    "tokens and keys included, and can signal every one of them.",
)
HOST_IPC: Final = _namespace_rule(
    "ipc",
    "No pod uses its node's shared memory",
    "The node's shared memory holds what other pods exchange there: tensors of another tenant's "
    "requests, with NCCL. A pod that needs /dev/shm gets its own by a Memory emptyDir.",
)

SENSITIVE_PATHS: Final = ResourceRule(
    id="pods-mount-no-system-paths",
    title="No pod mounts the node's system folders",
    why=(
        "With /etc, /proc, the container runtime's socket or the root of the node mounted, a pod "
        "can read every secret of the node and start containers that no admission check has seen."
    ),
    fix="volumes: [{name: cache, emptyDir: {sizeLimit: 50Gi}}]",
    severity=Severity.CRITICAL,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K13",),
    check=per_pod(_sensitive_paths),
    frameworks=(frameworks.pod_security("Baseline: HostPath Volumes"),),
    relatives=(
        Relative(tool="kube-linter", check="sensitive-host-mounts"),
        Relative(tool="Kubescape", check="C-0048"),
        Relative(tool="Trivy", check="KSV-0023"),
    ),
)

WRITABLE_PATHS: Final = ResourceRule(
    id="pods-write-to-no-host-paths",
    title="No pod can write to its node's disk",
    why=(
        "What a pod writes to the node's disk outlives the pod, counts against no limit, and can "
        "fill the disk for all others: the kubelet then evicts pods at 90 % of it, GPU pods "
        "included."
    ),
    fix="volumeMounts: [{name: config, mountPath: /config, readOnly: true}]",
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K13",),
    check=per_pod(_writable_paths),
    frameworks=(frameworks.pod_security("Baseline: HostPath Volumes"),),
    relatives=(
        Relative(tool="kube-linter", check="writable-host-mount"),
        Relative(tool="Kubescape", check="C-0045"),
    ),
)

HOST_PORTS: Final = ResourceRule(
    id="containers-take-no-host-ports",
    title="No container takes a port of its node",
    why=(
        "A host port limits the workload to one pod a node, whatever the GPUs left there, and is "
        "reachable past every Service and network policy."
    ),
    fix="ports: [{containerPort: 8080}]",
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K13",),
    check=per_container(_host_ports),
    frameworks=(frameworks.pod_security("Baseline: Host Ports"),),
    relatives=(
        Relative(tool="Checkov", check="CKV_K8S_26"),
        Relative(tool="Trivy", check="KSV-0024"),
        Relative(tool="Kubescape", check="C-0044"),
        Relative(tool="Polaris", check="hostPortSet"),
    ),
)

LOW_PORTS: Final = ResourceRule(
    id="containers-listen-above-1024",
    title="Containers listen on ports that need no privilege",
    why=(
        "A port below 1024 needs root or NET_BIND_SERVICE, so such a container can neither run as "
        "another user nor drop all capabilities. The Service can still answer on port 80."
    ),
    fix="ports: [{containerPort: 8080}]",
    severity=Severity.LOW,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K13",),
    check=per_container(_low_ports),
    settings={
        "firstPort": Setting(
            type="integer", default=1024, description="The first port that anybody may listen on."
        )
    },
    relatives=(
        Relative(tool="kube-linter", check="privileged-ports"),
        Relative(tool="Trivy", check="KSV-0117"),
    ),
)

SECCOMP: Final = ResourceRule(
    id="containers-filter-system-calls",
    title="Containers run with the runtime's system call filter",
    why=(
        "Without a profile a container may make all of the kernel's more than 300 system calls; "
        "the runtime's default profile takes away the 44 that most kernel exploits begin with."
    ),
    fix="securityContext: {seccompProfile: {type: RuntimeDefault}}",
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K13",),
    check=per_container(_seccomp),
    frameworks=(frameworks.pod_security("Restricted: Seccomp"),),
    relatives=(
        Relative(tool="Checkov", check="CKV_K8S_31"),
        Relative(tool="Trivy", check="KSV-0030"),
    ),
)

RULES: Final[Sequence[Rule]] = (
    HOST_NETWORK,
    HOST_PID,
    HOST_IPC,
    SENSITIVE_PATHS,
    WRITABLE_PATHS,
    HOST_PORTS,
    LOW_PORTS,
    SECCOMP,
)
