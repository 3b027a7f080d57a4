"""Network, pipeline and scaling, drawn to be read at the width of a telephone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from operations.report import svg
from operations.report.scaling import Curve
from operations.report.topology import Pool, Stage, Topology

_Item = TypeVar("_Item")
_WIDTH: Final = 380
_MARGIN: Final = 12
_CLASS: Final = {"public": "public", "private": "private", "serving": "serving"}


def network(topology: Topology) -> str:
    """Return zones as columns and tiers as rows, from the internet inwards."""
    zones, tiers = topology.zones, topology.tiers
    cidrs = {(one.tier, one.zone): one.cidr for one in topology.subnets}
    column = (_WIDTH - 2 * _MARGIN - 8) / max(len(zones), 1)
    parts = [
        svg.box(2, 2, _WIDTH - 4, 52 + 62 * len(tiers), "frame"),
        svg.text(_MARGIN, 22, f"VPC {topology.cidr}", "strong", "start"),
    ]
    for index, zone in enumerate(zones):
        parts.append(svg.text(_MARGIN + column * (index + 0.5) + 4, 42, zone, "faint"))
    for row, tier in enumerate(tiers):
        top = 52 + 62 * row
        parts.append(svg.text(_MARGIN + 4, top + 13, tier, "small", "start"))
        for index, zone in enumerate(zones):
            left = _MARGIN + 4 + column * index
            kind = _CLASS.get(tier, "isolated")
            nat = tier == "public" and zone in topology.nat_zones
            parts.append(svg.box(left + 2, top + 18, column - 4, 36, f"tier {kind}"))
            middle = left + column / 2
            cidr = cidrs.get((tier, zone), "-")
            parts.append(svg.text(middle, top + (33 if nat else 40), cidr, "small"))
            if nat:
                parts.append(svg.text(middle, top + 48, "NAT gateway", "tiny"))
    height = 60 + 62 * len(tiers)
    if topology.peers:
        peers = ", ".join(topology.peers)
        parts.append(svg.text(_WIDTH / 2, height + 14, f"peered with {peers}", "faint"))
        height += 22
    words = f"{len(zones)} zones, {len(tiers)} tiers, {len(topology.nat_zones)} NAT gateways"
    return svg.picture(_WIDTH, height, "The network", words, parts)


def pipeline(topology: Topology) -> str:
    """Return the stages from the clients down to the node pools that they may land on."""
    places = {"clients": (_WIDTH / 2, -16.0)}
    parts = [svg.box(_WIDTH / 2 - 40, 4, 80, 24, "pill", 12), svg.text(_WIDTH / 2, 20, "clients")]
    top = 64.0
    for row in _rows(topology.stages):
        parts += _boxes(row, top, places)
        top += 84
    if topology.pools:
        parts.append(svg.text(_MARGIN, top - 8, "node pools", "small", "start"))
    for row_of_pools in _chunks(topology.pools, 3):
        parts += _pool_boxes(row_of_pools, top, places)
        top += 74
    words = "; ".join(f"{caller} calls {called}" for caller, called in topology.calls)
    # Lines first: boxes cover what passes behind them.
    drawn = [svg.ARROW, *_edges(topology, places), *parts]
    return svg.picture(_WIDTH, top, "The request pipeline", words, drawn)


def _edges(topology: Topology, places: dict[str, tuple[float, float]]) -> Iterator[str]:
    entries = [stage.name for stage in topology.stages if stage.kind == "InferenceGateway"]
    for entry in entries:
        yield svg.arc(_below(places["clients"]), _above(places[entry]), "call")
    for caller, called in topology.calls:
        # From the gateway past the aggregator, on the outside; from that on the inside.
        out, across = (58, 26) if caller in entries else (22, -14)
        side = _side(places[caller], places[called])
        start, end = _below(places[caller]), _above(places[called])
        yield svg.arc(
            (start[0] + side * out, start[1]),
            (end[0] + (side * across if _passes(topology, caller, called) else 0), end[1]),
            "call",
        )
    for stage in topology.stages:
        if stage.kind == "ModelServing":
            for pool in stage.pools:
                yield svg.arc(_below(places[stage.name]), places[f"pool {pool}"], "lands")


def _side(start: tuple[float, float], end: tuple[float, float]) -> int:
    return (end[0] > start[0] + 1) - (end[0] < start[0] - 1)


def _passes(topology: Topology, caller: str, called: str) -> bool:
    """Return whether another stage calls the same one, so that two lines end there."""
    return any(one != caller and other == called for one, other in topology.calls)


def curve(one: Curve) -> str:
    """Return replicas against load as a step line, with the least and the most there can be."""
    width, height, left, bottom, right, top = 320.0, 170.0, 30.0, 36.0, 10.0, 14.0
    most_load = one.full * 1.25 if one.threshold else 1.0
    high = one.most + 1

    def place(load: float, replicas: float) -> tuple[float, float]:
        across = left + (width - left - right) * load / most_load
        return across, height - bottom - (height - bottom - top) * replicas / high

    parts = [svg.line([(left, top), (left, height - bottom), place(most_load, 0)], "axis")]
    for replicas in sorted({one.least, one.most}):
        parts.append(svg.line([place(0, replicas), place(most_load, replicas)], "bound"))
        parts.append(svg.text(left - 6, place(0, replicas)[1] + 4, str(replicas), "small", "end"))
    parts.append(svg.line([place(load, size) for load, size in _steps(one, most_load)], "step"))
    if one.threshold:
        for load in (one.least * one.threshold, one.full):
            across, base = place(load, 0)
            parts.append(svg.text(across, base + 14, f"{load:g}", "small"))
    words = one.load or "any load"
    parts.append(svg.text((left + width) / 2, height - 6, words, "faint"))
    return svg.picture(width, height, f"Replicas of {one.stage} against load", one.words, parts)


def _steps(one: Curve, most_load: float) -> Iterator[tuple[float, int]]:
    yield 0, one.replicas(0)
    if one.threshold:
        for count in range(one.least, one.most):
            yield count * one.threshold, count
            yield count * one.threshold, count + 1
    yield most_load, one.replicas(most_load)


def _rows(stages: Sequence[Stage]) -> Iterator[list[Stage]]:
    for kind in ("InferenceGateway", "ResultAggregator", "ModelServing"):
        yield from _chunks([stage for stage in stages if stage.kind == kind], 3)


def _chunks(items: Sequence[_Item], size: int) -> Iterator[list[_Item]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _boxes(row: list[Stage], top: float, places: dict[str, tuple[float, float]]) -> list[str]:
    parts: list[str] = []
    column = (_WIDTH - 2 * _MARGIN) / len(row)
    # Lines from the gateway to the models pass the aggregator on both sides.
    width = min(column - 10, 132 if row[0].kind == "ResultAggregator" else 160)
    for index, stage in enumerate(row):
        middle = _MARGIN + column * (index + 0.5)
        places[stage.name] = (middle, top)
        replicas = "?" if stage.replicas is None else str(stage.replicas)
        parts.append(svg.box(middle - width / 2, top, width, 44, f"stage {stage.kind}"))
        parts.append(svg.text(middle, top + 19, _fitting(stage.name, width), "label"))
        parts.append(svg.text(middle, top + 35, f"starts with {replicas}", "tiny"))
    return parts


def _pool_boxes(row: list[Pool], top: float, places: dict[str, tuple[float, float]]) -> list[str]:
    parts: list[str] = []
    column = (_WIDTH - 2 * _MARGIN) / len(row)
    for index, pool in enumerate(row):
        left = _MARGIN + column * index + 4
        middle = left + column / 2 - 4
        places[f"pool {pool.name}"] = (middle, top)
        kind = "GPU, " if pool.gpu else ""
        capacity = "spot" if pool.spot else "on demand"
        sizes = "size unknown" if pool.sizes is None else "{}, {}, {} nodes".format(*pool.sizes)
        parts.append(svg.box(left, top, column - 8, 62, "pool spot" if pool.spot else "pool"))
        parts.append(svg.text(middle, top + 18, pool.name, "label"))
        parts.append(svg.text(middle, top + 34, f"{kind}{capacity}", "small"))
        parts.append(svg.text(middle, top + 51, sizes, "tiny"))
    return parts


def _fitting(words: str, width: float) -> str:
    """Return the words, shortened to what a box holds at about 7 units a letter."""
    room = int((width - 6) / 7)
    return words if len(words) <= room else f"{words[: room - 1]}…"


def _above(place: tuple[float, float]) -> tuple[float, float]:
    return place[0], place[1] - 2


def _below(place: tuple[float, float]) -> tuple[float, float]:
    return place[0], place[1] + 44
