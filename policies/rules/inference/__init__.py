"""Rules about serving models on GPUs, which no scanner knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from frame.rule import Rule
from rules.inference import (
    capacity,
    conduct,
    cost,
    environments,
    failure,
    idle,
    lifecycle,
    memory,
    parallel,
    path,
    placement,
    requests,
    scaling_signal,
    topology,
    triggers,
)

RULES: Final[Sequence[Rule]] = (
    *scaling_signal.RULES,
    *memory.RULES,
    *requests.RULES,
    *lifecycle.RULES,
    *capacity.RULES,
    *placement.RULES,
    *parallel.RULES,
    *idle.RULES,
    *triggers.RULES,
    *conduct.RULES,
    *topology.RULES,
    *environments.RULES,
    *path.RULES,
    *cost.RULES,
    *failure.RULES,
)
