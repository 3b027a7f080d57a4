"""What settings have to be to each other, said with the arithmetic.

A check runs when all the sections it needs were read well; so everything that can be
found wrong is found at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stacks.checks import (
    capacity,
    density,
    environment,
    graph,
    network,
    peering,
    placement,
    purchase,
    registry,
    scaling,
    serving,
)
from stacks.problems import Problem

_AREAS: Final = (
    *(environment, network, peering, registry, capacity, purchase, density),
    *(serving, scaling, placement, graph),
)


def run(sections: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong between the settings that were read."""
    return [
        problem
        for area in _AREAS
        for needs, check in area.CHECKS
        if all(name in sections for name in needs)
        for problem in check(*(sections[name] for name in needs))
    ]
