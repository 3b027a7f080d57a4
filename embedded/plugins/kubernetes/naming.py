"""Names: automatic ones, and which are allowed."""

from __future__ import annotations

import random
import re
from typing import Any, Final

from embedded.plugins.kubernetes import objects
from embedded.plugins.kubernetes.kinds import Kind
from embedded.plugins.kubernetes.objects import Object
from embedded.plugins.provider import Autonaming, Failure
from embedded.plugins.values import UNKNOWN

_SUFFIX: Final = 8
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_LENGTH: Final = 63
_SUBDOMAIN_LENGTH: Final = 253

_LABEL_KINDS: Final = frozenset({("", "Namespace"), ("", "Service")})
# RBAC takes any name that fits in a path: system:node is one.
_FREE_GROUPS: Final = frozenset({"rbac.authorization.k8s.io"})


def problem(path: str, reason: str) -> Failure:
    """Return a failure of a nested property, for which the engine can show no value itself."""
    return Failure("", f"{path}: {reason}")


def keep(news: Object, olds: Object) -> None:
    """Give `news` the automatic name that the object got when it was made."""
    if objects.name(news) == "" and objects.flagged(olds, objects.AUTONAMED):
        _name(news, objects.name(olds))


def assign(news: Object, logical: str, autonaming: Autonaming) -> list[Failure]:
    """Give `news` a name if it has none; return why that cannot be done."""
    generated = objects.metadata(news).get("generateName")
    if objects.name(news) != "" or generated not in (None, ""):
        return []
    if autonaming.disabled:
        reason = "automatic names are switched off (pulumi:autonaming): set metadata.name"
        return [problem("metadata.name", reason)]
    _name(news, autonaming.proposed or f"{logical}-{_suffix(autonaming.seed)}")
    return []


def rename(news: Object, name: str) -> None:
    """Give `news` an automatic name that an earlier, interrupted run had chosen."""
    _name(news, name)


def _name(news: Object, name: Any) -> None:
    # Inputs may be shared with the caller's copy: change new dictionaries only.
    meta = dict(objects.metadata(news))
    meta["name"] = name
    annotations = meta.get("annotations")
    if annotations is not UNKNOWN:
        meta["annotations"] = {**(annotations or {}), objects.AUTONAMED: "true"}
    news["metadata"] = meta


def _suffix(seed: bytes) -> str:
    # The engine's seed makes a preview and its update agree on the name.
    source = random.Random(seed) if seed else random.SystemRandom()  # noqa: S311 - not a secret
    return f"{source.getrandbits(4 * _SUFFIX):0{_SUFFIX}x}"


def failures(kind: Kind, news: Object) -> list[Failure]:
    """Return what is wrong with the object's name and namespace."""
    found: list[Failure] = []
    name, namespace = objects.name(news), objects.namespace(news)
    if name is not UNKNOWN and name:
        found += _wrong("metadata.name", name, _rule(kind))
    if namespace is not UNKNOWN and namespace:
        found += _wrong("metadata.namespace", namespace, "label")
    return found


def _rule(kind: Kind) -> str:
    if (kind.group, kind.name) in _LABEL_KINDS:
        return "label"
    return "path" if kind.group in _FREE_GROUPS else "subdomain"


def _wrong(path: str, value: Any, rule: str) -> list[Failure]:
    if not isinstance(value, str):
        return [problem(path, f"got {value!r}; a name is a text")]
    if rule == "path":
        return [] if not set("/%") & set(value) else [problem(path, f"got {value!r}; no / or %")]
    pattern, longest, dots = (
        (_LABEL, _LABEL_LENGTH, "")
        if rule == "label"
        else (_SUBDOMAIN, _SUBDOMAIN_LENGTH, " and dots")
    )
    if pattern.fullmatch(value) and len(value) <= longest:
        return []
    reason = (
        f"got {value!r}; allowed are lower-case letters, digits, dashes{dots}, at most {longest}"
        " characters, beginning and ending with a letter or digit"
    )
    return [problem(path, reason)]


def is_kept(news: Object, identity: str) -> bool:
    """Tell whether the program insists on the very name and namespace that the object has.

    Then a replacement can only be made after the old object is gone.
    """
    if objects.flagged(news, objects.AUTONAMED):
        return False
    namespace, name = objects.split_identity(identity)
    # A namespace that was left out is the one it was made in.
    return objects.name(news) == name and objects.namespace(news) in ("", namespace)
