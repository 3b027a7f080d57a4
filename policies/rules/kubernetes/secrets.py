"""How secrets reach a container."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from frame.facts import Node
from frame.rule import Category, Relative, ResourceRule, Rule, Settings, Severity
from frame.verdict import Outcome, Undetermined, Violation
from rules import frameworks
from rules.kubernetes.checks import per_container
from rules.kubernetes.workloads import WORKLOADS, Container, Pod

# Names by which people call secrets, as words between underscores or humps.
_SECRET_NAME: Final = re.compile(
    r"(^|[_.-])(secret|password|passwd|passphrase|pwd|token|credential|credentials"
    r"|api_?key|access_?key|private_?key|secret_?key|auth_?key|encryption_?key)($|[_.-])",
    re.IGNORECASE,
)
# Names that tell where a secret lies, or how long one may be.
_ABOUT_SECRETS: Final = re.compile(
    r"(file|path|dir|url|uri|name|id|length|len|limit|count|size|ttl|seconds|enabled|expiry)$",
    re.IGNORECASE,
)
# Values that are secrets whatever they are called.
_SECRET_VALUE: Final = re.compile(
    r"hf_[A-Za-z0-9]{30,}|AKIA[0-9A-Z]{16}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|xox[abp]-[A-Za-z0-9-]{10,}|AIza[0-9A-Za-z_-]{35}"
)
_FLAG: Final = re.compile(r"--?([A-Za-z][\w-]*)=(\S+)")


def _literal(container: Container, _pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    for variable in container.at("env").each():
        if variable.unknown:
            yield Undetermined(path=variable.path)
            continue
        name, value = variable.at("name").text(), variable.at("value")
        if not value.missing and _is_secret(name, value):
            found = f"{container.label} has a secret in the variable {name}"
            yield Violation(path=value.path, found=found)
    for field in ("args", "command"):
        for argument in container.at(field).each():
            yield from _argument(container, argument)


def _argument(container: Container, argument: Node) -> Iterator[Outcome]:
    text = argument.text()
    flag = _FLAG.match(text)
    # $(NAME) is filled in by the kubelet from a variable, which is judged by itself.
    given = flag is not None and not flag.group(2).startswith("$(")
    named = flag is not None and given and _named_secret(flag.group(1).replace("-", "_"))
    if named or _SECRET_VALUE.search(text):
        found = f"{container.label} has a secret on its command line"
        yield Violation(path=argument.path, found=found)


def _is_secret(name: str, value: Node) -> bool:
    text = value.text()
    if _SECRET_VALUE.search(text):
        return True
    harmless = text.startswith("$(") or text.lower() in ("", "true", "false") or text.isdigit()
    return _named_secret(name) and (value.unknown or not harmless)


def _named_secret(name: str) -> bool:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return bool(_SECRET_NAME.search(spaced)) and not _ABOUT_SECRETS.search(spaced)


def _mounted(container: Container, _pod: Pod, _settings: Settings) -> Iterator[Outcome]:
    for variable in container.at("env").each():
        reference = variable.at("valueFrom", "secretKeyRef")
        if reference.unknown:
            yield Undetermined(path=reference.path)
        elif reference.known:
            found = f"{container.label} reads {variable.at('name').shown()} from a secret"
            yield Violation(path=reference.path, found=found)
    for source in container.at("envFrom").each():
        reference = source.at("secretRef")
        if reference.unknown:
            yield Undetermined(path=reference.path)
        elif reference.known:
            found = f"{container.label} reads all of a secret into its environment"
            yield Violation(path=reference.path, found=found)


LITERAL: Final = ResourceRule(
    id="env-values-are-not-secrets",
    title="No secret is written into a manifest",
    why=(
        "A token in a variable or on a command line is in the Pulumi state, in every kubectl get, "
        "in the audit log and in the crash report. A Hugging Face token of an organisation reads "
        "every model that it has."
    ),
    fix="env: [{name: HF_TOKEN_PATH, value: /secrets/hf-token}]  # and the secret as a volume",
    severity=Severity.CRITICAL,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K15",),
    check=per_container(_literal),
    frameworks=(
        frameworks.pci("8.6.2 Passwords are not hard coded"),
        frameworks.nsa("Authentication and authorization: secrets"),
    ),
    relatives=(
        Relative(tool="kube-linter", check="env-var-secret"),
        Relative(tool="Polaris", check="sensitiveContainerEnvVar"),
        Relative(tool="Kubescape", check="C-0012"),
        Relative(tool="Trivy", check="KSV-0109"),
    ),
)

MOUNTED: Final = ResourceRule(
    id="secrets-are-mounted-as-files",
    title="Containers read secrets from files, not from their environment",
    why=(
        "The environment is inherited by every child process, printed by crash handlers, and stays "
        "as it was when the secret is rotated. A mounted file follows a rotation within a minute."
    ),
    fix="volumes: [{name: token, secret: {secretName: NAME}}]",
    severity=Severity.LOW,
    category=Category.SECURITY,
    tokens=WORKLOADS,
    covers=("K15",),
    check=per_container(_mounted),
    frameworks=(
        frameworks.cis_eks("4.4.1 Prefer using secrets as files over environment variables"),
    ),
    relatives=(
        Relative(tool="kube-linter", check="read-secret-from-env-var"),
        Relative(tool="Checkov", check="CKV_K8S_35"),
        Relative(tool="Kyverno", check="disallow-secrets-from-env-vars"),
        Relative(tool="Kubescape", check="C-0207"),
    ),
)

RULES: Final[Sequence[Rule]] = (LITERAL, MOUNTED)
