"""Rules about Kubernetes objects of any kind of program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from frame.rule import Rule
from rules.kubernetes import (
    access,
    accounts,
    availability,
    budgets,
    exposure,
    images,
    isolation,
    labels,
    memory,
    privileges,
    probes,
    quotas,
    resources,
    secrets,
)

RULES: Final[Sequence[Rule]] = (
    *memory.RULES,
    *resources.RULES,
    *images.RULES,
    *probes.RULES,
    *availability.RULES,
    *budgets.RULES,
    *exposure.RULES,
    *privileges.RULES,
    *isolation.RULES,
    *access.RULES,
    *accounts.RULES,
    *secrets.RULES,
    *quotas.RULES,
    *labels.RULES,
)
