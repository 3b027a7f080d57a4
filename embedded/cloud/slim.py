"""Keeps moto small: what it loads for every region of AWS at once is read when asked for."""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.base_backend import AccountSpecificBackend
from moto.utilities import utils

_OFFERINGS = "ec2/resources/instance_type_offerings"


class _Offerings(dict[str, list[dict[str, Any]]]):
    """Which instance types a region offers: 75 MiB for all regions, 2 for one."""

    def __init__(self, location_type: str) -> None:
        super().__init__()
        self._location_type = location_type

    def __missing__(self, region: str) -> list[dict[str, Any]]:
        offered = utils.load_resource(f"{_OFFERINGS}/{self._location_type}/{region}.json")
        for instance in offered:
            instance["LocationType"] = self._location_type
        self[region] = offered
        return offered

    def get(self, region: str, default: Any = None) -> Any:
        """Return the region's offers; moto asks with `get`."""
        try:
            return self[region]
        except FileNotFoundError:
            return default


def prepare_moto() -> None:
    """Set moto up; call before any of its services is imported."""
    # Roles are attached to policies of AWS everywhere; without this none exists.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    with _no_offerings():
        types = importlib.import_module("moto.ec2.models.instance_types")
    for location_type in types.INSTANCE_TYPE_OFFERINGS:
        types.INSTANCE_TYPE_OFFERINGS[location_type] = _Offerings(location_type)
    _forget_service_descriptions()
    # Importing EC2 leaves a session behind that nobody holds.
    gc.collect()


def _forget_service_descriptions() -> None:
    """Drop what boto3 reads to learn a service's regions: 28 MiB for EC2, kept for good."""
    plain = AccountSpecificBackend._generate_regions

    def regions(backends: Any, service: str) -> list[str]:
        found = plain(backends, service)
        session = AccountSpecificBackend.get_session()
        session._loader._cache.clear()
        return found

    setattr(AccountSpecificBackend, "_generate_regions", regions)  # noqa: B010


@contextmanager
def _no_offerings() -> Iterator[None]:
    plain = utils.load_resource
    utils.load_resource = lambda path: [] if path.startswith(_OFFERINGS) else plain(path)
    try:
        yield
    finally:
        utils.load_resource = plain
