"""Rules about Kubernetes objects of any kind of program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from frame.rule import Rule
from rules.kubernetes import memory

RULES: Final[Sequence[Rule]] = (*memory.RULES,)
