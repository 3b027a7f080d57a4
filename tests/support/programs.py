"""The whole program, run once for each stack on the recording engine."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

from tests.support.engine import ROOT, Registered, deploy, stack_config

RecordedStack = Callable[[str], tuple[Registered, ...]]


@lru_cache
def _record(stack_name: str) -> tuple[Registered, ...]:
    program = str(ROOT / "__main__.py")
    _, resources = deploy(
        lambda: runpy.run_path(program), config=stack_config(stack_name), stack_name=stack_name
    )
    return tuple(resources)


@pytest.fixture
def recorded_stack(embedded_stand_in: Path) -> RecordedStack:
    """Return what the program registers for a stack."""
    return _record
