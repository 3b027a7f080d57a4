"""Fixtures and options that every test may use."""

from __future__ import annotations

import pytest

from tests.support.environment import control_plane
from tests.support.programs import recorded_stack
from tests.support.stand_in import embedded_stand_in

__all__ = ["control_plane", "embedded_stand_in", "recorded_stack"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update-golden, which writes the golden lists instead of comparing with them."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew")
