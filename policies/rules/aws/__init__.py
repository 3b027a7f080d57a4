"""Rules about AWS resources of any kind of program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from frame.rule import Rule
from rules.aws import ingress

RULES: Final[Sequence[Rule]] = (*ingress.RULES,)
