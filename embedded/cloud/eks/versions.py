"""The Kubernetes versions of EKS, and what goes with them.

Source of the calendar: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
as of April 2026.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from embedded.cloud.eks.errors import InvalidParameter
from embedded.cloud.eks.state import now


@dataclass(frozen=True)
class Release:
    """One minor version and until when EKS supports it."""

    released: datetime.date
    standard_until: datetime.date
    extended_until: datetime.date


RELEASES: dict[str, Release] = {
    name: Release(*(datetime.date.fromisoformat(day) for day in days))
    for name, days in {
        "1.35": ("2026-01-27", "2027-03-27", "2028-03-27"),
        "1.34": ("2025-10-02", "2026-12-02", "2027-12-02"),
        "1.33": ("2025-05-29", "2026-07-29", "2027-07-29"),
        "1.32": ("2025-01-23", "2026-03-23", "2027-03-23"),
        "1.31": ("2024-09-26", "2025-11-26", "2026-11-26"),
        "1.30": ("2024-05-23", "2025-07-23", "2026-07-23"),
    }.items()
}
DEFAULT_VERSION = next(iter(RELEASES))


def status(version: str, today: datetime.date) -> str:
    """Return STANDARD_SUPPORT, EXTENDED_SUPPORT or UNSUPPORTED."""
    release = RELEASES.get(version)
    if release is None or today > release.extended_until:
        return "UNSUPPORTED"
    return "STANDARD_SUPPORT" if today <= release.standard_until else "EXTENDED_SUPPORT"


def supported() -> list[str]:
    """Return what a cluster can be made with today, newest first."""
    today = now().date()
    return [name for name in RELEASES if status(name, today) != "UNSUPPORTED"]


def require_supported(version: str) -> None:
    """Raise InvalidParameter for a version that EKS does not offer today."""
    if version not in supported():
        allowed = f"supported today: {', '.join(supported())}"
        message = f"unsupported Kubernetes version {version}; {allowed}"
        raise InvalidParameter(message)


def require_node_version(cluster: str, nodegroup: str) -> None:
    """Raise InvalidParameter unless the nodes' version fits the control plane's."""
    require_supported(nodegroup)
    if not 0 <= minor(cluster) - minor(nodegroup) <= 3:
        message = (
            f"Requested Nodegroup Kubernetes version {nodegroup} is invalid for cluster "
            f"version {cluster}; allowed are the same and up to three older"
        )
        raise InvalidParameter(message)


def minor(version: str) -> int:
    """Return 35 for "1.35"."""
    return int(version.split(".")[1])


def describe(version: str) -> dict[str, Any]:
    """Return the version as DescribeClusterVersions tells it."""
    release = RELEASES[version]
    state = status(version, now().date())
    return {
        "clusterVersion": version,
        "clusterType": "eks",
        "defaultPlatformVersion": "eks.1",
        "defaultVersion": version == DEFAULT_VERSION,
        "releaseDate": _midnight(release.released),
        "endOfStandardSupportDate": _midnight(release.standard_until),
        "endOfExtendedSupportDate": _midnight(release.extended_until),
        "status": state.lower().replace("_", "-"),
        "versionStatus": state,
    }


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)
