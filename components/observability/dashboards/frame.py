"""The frame that all dashboards share, and what becomes of one: a file for Grafana's sidecar."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard

# Longest unique id that Grafana takes.
_LONGEST_UID: Final = 40
_HASH: Final = 8

# Of the variable that `board` declares.
_SOURCE: Final = common.DataSourceRef(type_val="prometheus", uid="${datasource}")

Panel = timeseries.Panel | stat.Panel


@dataclass(frozen=True)
class Row:
    """A heading and the panels below it."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Board:
    """One dashboard: what it is called, and its JSON."""

    # Part of the config map's name, and of the address in Grafana.
    uid: str
    text: str


def board(uid: str, title: str, rows: Sequence[Row]) -> Board:
    """Return a dashboard of rows; the datasource is chosen in Grafana, Prometheus at first."""
    made = (
        build.Dashboard(title)
        .uid(short_uid(uid))
        .tags(["ballast"])
        .readonly()
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .with_variable(
            build.DatasourceVariable("datasource").label("Data source").type("prometheus")
        )
        .link(
            build.DashboardLink("Ballast")
            .type(dashboard.DashboardLinkType.DASHBOARDS)
            .tags(["ballast"])
            .as_dropdown(True)
        )
    )
    for row in rows:
        if row.panels:
            made = made.with_row(build.Row(row.title))
            for panel in row.panels:
                made = made.with_panel(panel.datasource(_SOURCE))
    # Sorted and without a position of our own: the same program gives the same text.
    text = json.dumps(made.build(), cls=JSONEncoder, indent=1, sort_keys=True)
    return Board(short_uid(uid), text)


def short_uid(name: str) -> str:
    """Return a unique id that Grafana takes, however long the name is."""
    if len(name) <= _LONGEST_UID:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH]
    return f"{name[: _LONGEST_UID - _HASH - 1]}-{digest}"
