"""Panels: how a signal of the catalogue is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import common as build_common
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus, stat, timeseries
from grafana_foundation_sdk.models import common, dashboard

from catalog.metrics import Scope, Signal, Unit
from catalog.scaling import Trigger
from components.observability.following import followed

# Grafana fits the window of a rate to what is shown.
RATE_WINDOW: Final = "$__rate_interval"
# Two colours that those who see no red or green tell apart as well.
_WARNING: Final = "orange"
_CRITICAL: Final = "red"
_SCALES: Final = "blue"
_HEIGHT: Final = 8

# https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts
_UNITS: Final = {
    Unit.REQUESTS: "short",
    Unit.REQUESTS_PER_SECOND: "reqps",
    Unit.TOKENS_PER_SECOND: "short",
    Unit.PER_SECOND: "ops",
    Unit.RATIO: "percentunit",
    Unit.SECONDS: "s",
    Unit.REPLICAS: "short",
    Unit.NUMBER: "short",
    Unit.DOLLARS_PER_HOUR: "currencyUSD",
    Unit.CORES: "short",
}


@dataclass(frozen=True)
class Line:
    """One query and what it is called in the legend."""

    query: str
    legend: str


def of_signal(title: str, signal: Signal, scope: Scope, *, span: int = 8) -> timeseries.Panel:
    """Return a panel of one signal, with lines where its value is bad."""
    legend = "{{" + "}} {{".join(signal.by) + "}}" if signal.by else signal.name
    lines = [Line(signal.query(scope, window=RATE_WINDOW), legend)]
    steps = [(signal.warning, _WARNING), (signal.critical, _CRITICAL)]
    panel = of_lines(title, signal.meaning, signal.unit, lines, span=span)
    return _with_steps(panel, [(limit, colour) for limit, colour in steps if limit is not None])


def of_stages(
    title: str, signal: Signal, scopes: Sequence[Scope], *, span: int = 8
) -> timeseries.Panel:
    """Return a panel of one signal for several stages."""
    lines = [Line(signal.query(scope, window=RATE_WINDOW), scope.workload) for scope in scopes]
    return of_lines(title, signal.meaning, signal.unit, lines, span=span)


def of_trigger(trigger: Trigger, scope: Scope, *, span: int = 8) -> timeseries.Panel:
    """Return a panel of what scales a stage, with a line at the very threshold that scales."""
    signal = trigger.signal
    panel = of_lines(
        f"Scales above {_shown(trigger)}: {signal.name}",
        f"{signal.meaning}. Replicas are added above the line, per replica where it is a sum.",
        signal.unit,
        [Line(followed(trigger, scope), signal.name)],
        span=span,
    )
    return _with_steps(panel, [(trigger.threshold, _SCALES)])


def of_lines(
    title: str, meaning: str, unit: Unit, lines: Sequence[Line], *, span: int = 8
) -> timeseries.Panel:
    """Return a panel of several queries of one unit."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(meaning)
        .unit(_UNITS[unit])
        .min(0)
        .height(_HEIGHT)
        .span(span)
        .line_width(2)
        .fill_opacity(0)
        .show_points(common.VisibilityMode.NEVER)
        .tooltip(build_common.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
        .legend(
            build_common.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.TABLE)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
    )
    if unit is Unit.RATIO:
        panel = panel.axis_soft_max(1)
    for number, line in enumerate(lines):
        panel = panel.with_target(_target(line, chr(ord("A") + number)))
    return panel


def figure(title: str, meaning: str, unit: Unit, query: str, *, span: int = 4) -> stat.Panel:
    """Return a panel of one number, as it is now."""
    return (
        stat.Panel()
        .title(title)
        .description(meaning)
        .unit(_UNITS[unit])
        .height(_HEIGHT // 2)
        .span(span)
        .graph_mode(common.BigValueGraphMode.AREA)
        .color_mode(common.BigValueColorMode.NONE)
        .reduce_options(build_common.ReduceDataOptions().calcs(["lastNotNull"]))
        .with_target(_target(Line(query, title), "A"))
    )


def with_limit(panel: timeseries.Panel, limit: float) -> timeseries.Panel:
    """Add a line that must not be crossed."""
    return _with_steps(panel, [(limit, _CRITICAL)])


def _target(line: Line, ref_id: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(line.query).legend_format(line.legend).ref_id(ref_id)


def _with_steps(panel: timeseries.Panel, limits: Sequence[tuple[float, str]]) -> timeseries.Panel:
    if not limits:
        return panel
    # The first step reaches down to minus infinity, which Grafana writes as null.
    steps = [
        dashboard.Threshold(value=None, color="transparent"),
        *(dashboard.Threshold(value=limit, color=colour) for limit, colour in limits),
    ]
    return panel.thresholds(
        build.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)
    ).thresholds_style(
        build_common.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
    )


def _shown(trigger: Trigger) -> str:
    if trigger.signal.unit is Unit.RATIO:
        return f"{trigger.threshold:.0%}"
    return f"{trigger.threshold:g} {trigger.signal.unit}"
