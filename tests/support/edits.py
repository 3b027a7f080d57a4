"""What tests say to take a key out of a known-good example."""

from __future__ import annotations

from typing import Final


class _Delete:
    """Stands for no value; its name is the same in every process, as xdist wants of test ids."""

    def __repr__(self) -> str:
        return "DELETE"


DELETE: Final = _Delete()
