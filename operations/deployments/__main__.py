"""What Pulumi Cloud does for each stack: plan and deploy files -> resources."""

import sys
from pathlib import Path

# The engine starts the program from its own folder; the checkout is two above it.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from operations.deployments import program

program.register(program.read_config())
