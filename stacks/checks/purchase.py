"""Pools: whether what is bought, where it stands and how it stores its data agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from catalog import accelerators
from catalog.accelerators import CAPACITY_BLOCK_FAMILIES, GPU_INSTANCES
from components.cluster.node_storage import FAST_PULL_MIB_PER_SECOND
from stacks.problems import Problem
from stacks.sections import CapacitySettings, GpuPoolSettings

# gp3 gives a quarter of a MiB a second for each read or write a second.
_MIB_PER_IOPS: Final = 0.25


def disks_are_fast_enough(capacity: CapacitySettings) -> Iterator[Problem]:
    """EC2 refuses a throughput that the volume's operations cannot carry."""
    for path, pool in _pools(capacity):
        most = pool.disk_iops * _MIB_PER_IOPS
        if pool.disk_throughput_mib > most:
            fix = f"{pool.disk_iops} operations a second carry no more. Raise disk_iops."
            got = pool.disk_throughput_mib
            yield Problem(f"{path}.disk_throughput_mib", got, f"at most {most:g}", fix)
        slow = pool.disk_throughput_mib < FAST_PULL_MIB_PER_SECOND and not pool.local_drives
        if pool.fast_pull and slow:
            yield Problem(
                f"{path}.fast_pull",
                True,
                f"disk_throughput_mib of {FAST_PULL_MIB_PER_SECOND} or more, or local_drives",
                f"At {pool.disk_throughput_mib} MiB a second, layers side by side are slower than "
                "one after the other. Raise it, or write `fast_pull: false`.",
            )


def reservations_fit_the_purchase(capacity: CapacitySettings) -> Iterator[Problem]:
    """A block is a reservation; spot has none; and only some machines are sold in blocks."""
    for path, pool in _pools(capacity):
        if pool.capacity == "capacity-block":
            yield from _block(path, pool)
        if pool.capacity == "spot" and pool.reservation_id:
            fix = "Spot is what nobody reserved. Use `capacity: on-demand`, or leave it out."
            yield Problem(f"{path}.reservation_id", pool.reservation_id, "nothing for spot", fix)
        if pool.reservation_id and len(pool.types) > 1:
            fix = "A reservation is for one instance type. Name it in instance_types."
            yield Problem(f"{path}.instance_types", list(pool.types), "one type", fix)


def fabrics_stand_close_together(capacity: CapacitySettings) -> Iterator[Problem]:
    """EFA works between machines of one zone, on types that have it."""
    for path, pool in _pools(capacity):
        known = [name for name in pool.types if name in GPU_INSTANCES]
        if not pool.fabric or not known:
            continue
        without = [name for name in known if GPU_INSTANCES[name].efa_interfaces == 0]
        counts = {GPU_INSTANCES[name].efa_interfaces for name in known}
        if without or len(counts) > 1:
            shown = ", ".join(f"{name} {GPU_INSTANCES[name].efa_interfaces}" for name in known)
            fix = (
                f"They have {shown} EFA interfaces. Choose types with as many, such as p5.48xlarge."
            )
            yield Problem(f"{path}.fabric", True, "types with as many EFA interfaces", fix)
        if len(pool.zones) != 1:
            fix = "A placement group that keeps machines close lies in one zone. Name it in zones."
            yield Problem(f"{path}.zones", list(pool.zones), "one zone", fix)


def _block(path: str, pool: GpuPoolSettings) -> Iterator[Problem]:
    if not pool.reservation_id:
        fix = "Buy the block first, then write its id: cr-..."
        yield Problem(f"{path}.reservation_id", None, "the capacity block's reservation", fix)
    known = [name for name in pool.types if name in GPU_INSTANCES]
    others = [one for one in accelerators.families(known) if one not in CAPACITY_BLOCK_FAMILIES]
    if others:
        allowed = f"types of {', '.join(sorted(CAPACITY_BLOCK_FAMILIES))}"
        fix = f"AWS sells no blocks of {', '.join(others)}. Use `capacity: on-demand`."
        yield Problem(f"{path}.capacity", pool.capacity, allowed, fix)


def _pools(capacity: CapacitySettings) -> list[tuple[str, GpuPoolSettings]]:
    return [(f"ballast:capacity.pools[{index}]", pool) for index, pool in enumerate(capacity.pools)]


CHECKS: Final[tuple[tuple[tuple[str, ...], Callable[..., Iterator[Any]]], ...]] = (
    (("capacity",), disks_are_fast_enough),
    (("capacity",), reservations_fit_the_purchase),
    (("capacity",), fabrics_stand_close_together),
)
