"""The sections of the page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import groupby

from catalog import prices
from operations.cost.estimate import Cost
from operations.report import drawings, words
from operations.report.model import Change, Finding, Kind, Operation, Report
from operations.report.words import Links

_TONES = {
    Operation.CREATE: "good",
    Operation.UPDATE: "",
    Operation.REPLACE: "bad",
    Operation.DELETE: "bad",
}


def attention(report: Report) -> str:
    """Return what is made anew or goes away, with what makes it so."""
    held = [
        change
        for change in report.changes
        if change.operation in (Operation.REPLACE, Operation.DELETE)
    ]
    rows = [
        [
            _tag(change.operation),
            f"<code>{escape(change.name)}</code>",
            escape(change.component),
            ", ".join(f"<code>{escape(reason)}</code>" for reason in change.reasons) or "-",
        ]
        for change in held
    ]
    caption = "What is replaced is away in between, unless its provider makes the new one first."
    return _table(caption, ["what", "resource", "component", "because of"], rows) if rows else ""


def findings(report: Report, links: Links) -> str:
    """Return what the policies said: violations open, the rest folded."""
    violations = report.of(Kind.VIOLATION)
    parts = [f"<p>{escape(words.policies(report))}.</p>"]
    parts += [_finding(one, links) for one in violations]
    for kind, title in (
        (Kind.UNDETERMINED, "Undetermined: decided in the update, before the resource is made"),
        (Kind.SUPPRESSED, "Suppressed, each with its reason and its end"),
        (Kind.NOTE, "Notes"),
    ):
        if found := report.of(kind):
            inner = "".join(_finding(one, links, quiet=True) for one in found)
            parts.append(
                f"<details><summary>{escape(title)} ({len(found)})</summary>"
                f"<div>{inner}</div></details>"
            )
    return "".join(parts)


def cost(report: Report) -> str:
    """Return the cost by component, and what it leaves out."""
    by_component = report.estimate.by_component()
    if not by_component:
        return ""
    rows = [
        _cost_row(component, one, report.before and report.before.by_component().get(component))
        for component, one in by_component.items()
    ]
    sums = _cost_row("all", report.estimate.total, report.before and report.before.total)
    heads = ["component", "floor", "expected", "peak", "change"]
    if report.before is None:
        # Everything is new: a column that says so on each line says nothing.
        heads, rows, sums = heads[:-1], [row[:-1] for row in rows], sums[:-1]
    caption = (
        "USD a month. Floor: every scaler at its minimum. Expected: as it starts. Peak: every "
        f"scaler at its maximum. List prices of {prices.ON_DEMAND_DATE} in {prices.REGION}, spot "
        "by the range of its share; traffic is not in it."
    )
    table = _table(caption, heads, rows, numbers=True, last=sums)
    left_out = "".join(f"<li>{escape(one)}</li>" for one in report.estimate.unpriced)
    return table + (f"<p>Not in it:</p><ul>{left_out}</ul>" if left_out else "")


def failures(report: Report) -> str:
    """Return what is left of each stage when something fails."""
    notes = [one for one in report.of(Kind.NOTE) if one.policy == "components-survive-failures"]
    items = "".join(f"<li>{escape(one.found.removeprefix('note: '))}</li>" for one in notes)
    return f"<ul>{items}</ul>" if items else ""


def topology(report: Report) -> str:
    """Return the network and the pipeline as drawings."""
    held = report.topology
    pictures: list[str] = []
    if held.subnets:
        nat = ", ".join(held.nat_zones) or "no zone"
        caption = f"Tiers by zone. NAT in {nat}."
        if held.endpoints:
            caption += f" Private endpoints: {', '.join(held.endpoints)}."
        pictures.append(_figure(drawings.network(held), caption))
    if held.stages:
        caption = (
            "Who calls whom, and where the models' pods may land. Pools: smallest, as it starts, "
            "largest."
        )
        pictures.append(_figure(drawings.pipeline(held), caption))
    return f'<div class="pictures">{"".join(pictures)}</div>' if pictures else ""


def scaling(report: Report) -> str:
    """Return a curve for each stage."""
    pictures = [
        _figure(drawings.curve(one), f"{one.stage}: {one.words.partition(': ')[2]}")
        for one in report.curves
    ]
    return f'<div class="pictures">{"".join(pictures)}</div>' if pictures else ""


def changes(report: Report) -> str:
    """Return every change, folded by component."""
    parts: list[str] = []
    for component, held in groupby(report.changes, key=lambda change: change.component):
        listed = list(held)
        items = "".join(_change(change) for change in listed)
        counted = " ".join(_tags(listed))
        parts.append(
            f"<details><summary>{escape(component)} {counted}</summary><ul>{items}</ul></details>"
        )
    return "".join(parts)


def _finding(finding: Finding, links: Links, *, quiet: bool = False) -> str:
    kind = "quiet" if quiet else "mandatory" if finding.mandatory else "advisory"
    link = links.policy(finding.policy)
    name = escape(finding.policy)
    title = f'<a href="{escape(link)}">{name}</a>' if link else name
    tone = "plain" if quiet else "bad" if finding.mandatory else ""
    where = f" on <code>{escape(finding.resource)}</code>" if finding.resource else ""
    said = "".join(f"<p>{escape(line)}</p>" for line in finding.found.splitlines())
    why = f'<p class="why">{escape(finding.why)}</p>' if finding.why else ""
    fix = f'<pre tabindex="0">{escape(finding.fix)}</pre>' if finding.fix else ""
    exemption = f"<p>Suppressed {escape(finding.exemption)}</p>" if finding.exemption else ""
    strength = escape(words.strength(finding))
    return (
        f'<article class="finding {kind}"><h3>{title}{where} '
        f'<span class="tag {tone}">{strength}</span></h3>'
        f"<p>{escape(finding.title)}.</p>{said}{exemption}{why}{fix}</article>"
    )


def _change(change: Change) -> str:
    named = ""
    if change.properties:
        properties = ", ".join(f"<code>{escape(one)}</code>" for one in change.properties)
        named = f": {properties}"
    name, kind = escape(change.name), escape(change.type)
    return f"<li>{_tag(change.operation)} <code>{name}</code> {kind}{named}</li>"


def _tags(changes_: list[Change]) -> Iterable[str]:
    for operation in words.ORDER:
        if count := sum(change.operation is operation for change in changes_):
            yield f'<span class="tag {_TONES[operation]}">{count} {operation.value}</span>'


def _tag(operation: Operation) -> str:
    return f'<span class="tag {_TONES[operation]}">{operation.value}</span>'


def _cost_row(name: str, one: Cost, before: Cost | None) -> list[str]:
    numbers = [f"{value:,.0f}" for value in (one.floor, one.expected, one.peak)]
    moved = "new" if before is None else f"{one.expected - before.expected:+,.0f}"
    return [escape(name), *numbers, moved]


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"


def _table(
    caption: str,
    heads: list[str],
    rows: list[list[str]],
    *,
    numbers: bool = False,
    last: list[str] | None = None,
) -> str:
    kind = ' class="number"' if numbers else ""
    cells = "".join(
        f'<th scope="col"{kind if index else ""}>{escape(head)}</th>'
        for index, head in enumerate(heads)
    )
    body = "".join(f"<tr>{_cells(row, kind)}</tr>" for row in rows)
    if last is not None:
        body += f'<tr class="sum">{_cells(last, kind)}</tr>'
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption[:60])}">'
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(row: list[str], kind: str) -> str:
    first, *rest = row
    return f'<th scope="row">{first}</th>' + "".join(f"<td{kind}>{cell}</td>" for cell in rest)
