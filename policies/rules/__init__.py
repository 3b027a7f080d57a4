"""Every rule of the pack, in the order in which it reports.

kubernetes  workloads, their pods, budgets, scalers and network policies
aws         the cloud below: network, cluster, identity, storage
inference   what serving models on GPUs adds, and no scanner knows
honesty     that the pack itself is not talked out of its job
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from frame.rule import Rule
from rules import aws, honesty, inference, kubernetes

RULES: Final[Sequence[Rule]] = (*kubernetes.RULES, *aws.RULES, *inference.RULES, *honesty.RULES)
