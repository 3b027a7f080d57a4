"""Availability zones by region.

Source: the AWS global infrastructure page and `describe-availability-zones`, 2026-07.
A letter names different buildings in different accounts; which letters exist does not
differ, but for us-west-1 and ap-northeast-1, which are left out for that reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ZONE_LETTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ap-south-1": "abc",
        "ap-southeast-1": "abc",
        "ap-southeast-2": "abc",
        "ca-central-1": "abd",
        "eu-central-1": "abc",
        "eu-north-1": "abc",
        "eu-west-1": "abc",
        "eu-west-2": "abc",
        "eu-west-3": "abc",
        "sa-east-1": "abc",
        "us-east-1": "abcdef",
        "us-east-2": "abc",
        "us-west-2": "abcd",
    }
)


def zones(region: str) -> tuple[str, ...]:
    """Return the zones of a region, such as us-east-1a; none for a region not listed here."""
    return tuple(f"{region}{letter}" for letter in ZONE_LETTERS.get(region, ""))
