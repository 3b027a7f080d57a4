"""The policy pack, as the engine starts it. Nothing may import this file: it never returns."""

import sys
from pathlib import Path

# The engine starts the pack from its own folder; the catalogue lies beside that.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from frame.server import PolicyPack
from rules import RULES

PolicyPack(
    name="ballast",
    description="AI inference on EKS that survives its spot GPUs, its bills and its attackers",
    rules=RULES,
)
