"""Who may get into the account of the stack of this name, and as what."""

import sys
from pathlib import Path

# The engine starts the program from its own folder; the checkout is three above it.
sys.path.append(str(Path(__file__).resolve().parents[3]))

from operations.deployments.access import program

program.main()
