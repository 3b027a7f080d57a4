"""Rules about AWS resources of any kind of program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from frame.rule import Rule
from rules.aws import (
    cluster,
    default_group,
    edge,
    ingress,
    instances,
    network,
    permissions,
    storage,
    trust,
)

RULES: Final[Sequence[Rule]] = (
    *ingress.RULES,
    *network.RULES,
    *default_group.RULES,
    *cluster.RULES,
    *instances.RULES,
    *storage.RULES,
    *permissions.RULES,
    *trust.RULES,
    *edge.RULES,
)
