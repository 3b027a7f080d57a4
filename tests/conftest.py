"""Fixtures that every test may ask for."""

from tests.support.environment import control_plane

__all__ = ["control_plane"]
