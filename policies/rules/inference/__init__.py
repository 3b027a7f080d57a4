"""Rules about serving models on GPUs, which no scanner knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from frame.rule import Rule
from rules.inference import scaling_signal

RULES: Final[Sequence[Rule]] = (*scaling_signal.RULES,)
