"""Names for what the program did not name."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, Final

from embedded.plugins.aws.resource import Naming
from embedded.plugins.provider import Autonaming, Failure, Target

_RANDOM: Final = 7
_SUFFIX: Final = 26


def choose(
    naming: Naming,
    target: Target,
    olds: dict[str, Any],
    news: dict[str, Any],
    autonaming: Autonaming,
    recorded: str | None,
) -> tuple[str | None, list[Failure]]:
    """Return the name to fill in, or what stands in the way; None when there is one.

    A name once made stays: a new one would replace the resource.
    """
    kept = _kept(naming, olds, news)
    if kept is not None:
        return kept, []
    if recorded is not None:
        return recorded, []
    prefix = news.get(naming.prefix_property) if naming.prefix_property else None
    if isinstance(prefix, str):
        return prefix + _digits(autonaming.seed, target.urn, _SUFFIX), []
    if autonaming.disabled:
        reason = f"{naming.property} is missing, and pulumi:autonaming is disabled"
        return None, [Failure(naming.property, reason)]
    return _made(naming, target, autonaming)


def _kept(naming: Naming, olds: dict[str, Any], news: dict[str, Any]) -> str | None:
    was_made = naming.property in (olds.get("__defaults") or ())
    same_prefix = olds.get(naming.prefix_property) == news.get(naming.prefix_property)
    return olds.get(naming.property) if was_made and same_prefix else None


def _made(
    naming: Naming, target: Target, autonaming: Autonaming
) -> tuple[str | None, list[Failure]]:
    proposed = autonaming.proposed or f"{target.name}-{_hex(autonaming.seed, target.urn)}"
    name = proposed.lower() if naming.lower else proposed
    if naming.always_prefix and not name.startswith(naming.always_prefix):
        name = naming.always_prefix + name
    if len(name) > naming.max_length:
        reason = (
            f"the name made for it, {name!r}, has {len(name)} characters; at most "
            f"{naming.max_length} are allowed: shorten the resource's name or set {naming.property}"
        )
        return None, [Failure(naming.property, reason)]
    return name, []


def _hex(seed: bytes, urn: str) -> str:
    if not seed:
        return secrets.token_hex(_RANDOM)[:_RANDOM]
    return hashlib.sha256(seed + urn.encode()).hexdigest()[:_RANDOM]


def _digits(seed: bytes, urn: str, count: int) -> str:
    digest = hashlib.sha256((seed or secrets.token_bytes(16)) + urn.encode()).digest()
    return str(int.from_bytes(digest, "big")).zfill(count)[:count]
