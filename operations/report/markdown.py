"""The twin of the page for a pull request: shorter, and never longer than a comment may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from operations.report import words
from operations.report.model import Change, Finding, Kind, Operation, Report
from operations.report.words import Links

# GitHub takes 65,536 characters a comment; the workflow puts four stacks into one.
LIMIT = 16_000
_CUT = "\n\n_Cut here: the whole is in the page of this run._\n"


def render(report: Report, links: Links, limit: int = LIMIT) -> str:
    """Return the report as Markdown of at most `limit` characters, what matters most first."""
    sections = [
        _head(report),
        _attention(report),
        _findings(report, links),
        _cost(report),
        _failures(report),
        _topology(report),
        _scaling(report),
        _changes(report),
    ]
    whole = "\n\n".join(section for section in sections if section) + "\n"
    if len(whole) <= limit:
        return whole
    kept = ""
    for section in sections:
        # A table or a fold cut in its middle would swallow what follows it.
        if section and len(kept) + len(section) + len(_CUT) + 2 <= limit:
            kept += f"{section}\n\n"
    return kept.rstrip() + _CUT


def _head(report: Report) -> str:
    mark = "🛑" if report.blocked else "✅"
    cost = report.estimate.total
    moved = words.difference(cost, report.before.total if report.before else None)
    price = f"{words.money(cost.expected)} a month expected"
    lines = [
        f"## {mark} {_text(report.stack)}: {words.verdict(report)}",
        "",
        f"- **Changes** {words.summary(report)}",
        f"- **Policies** {words.policies(report)}",
        f"- **Cost** {price}{f' ({moved})' if moved else ''}",
        *(f"- **Error** {_text(error)}" for error in report.errors),
    ]
    return "\n".join(lines)


def _attention(report: Report) -> str:
    held = [
        change
        for change in report.changes
        if change.operation in (Operation.REPLACE, Operation.DELETE)
    ]
    if not held:
        return ""
    rows = [
        f"| {change.operation.value} | {_code(change.name)} | {_text(change.component)} | "
        f"{', '.join(map(_code, change.reasons)) or '-'} |"
        for change in held
    ]
    head = ["### Replaced or deleted", "", "| what | resource | component | because of |"]
    return "\n".join([*head, "|---|---|---|---|", *rows])


def _findings(report: Report, links: Links) -> str:
    parts: list[str] = []
    if violations := report.of(Kind.VIOLATION):
        parts += ["### Policies", *(_violation(one, links) for one in violations)]
    for kind, title in (
        (Kind.UNDETERMINED, "Undetermined: decided in the update, before the resource is made"),
        (Kind.SUPPRESSED, "Suppressed, each with its reason and its end"),
    ):
        if found := report.of(kind):
            lines = "\n".join(_short(one, links) for one in found)
            parts.append(_folded(f"{title} ({len(found)})", lines))
    return "\n\n".join(parts)


def _violation(finding: Finding, links: Links) -> str:
    mark = "🛑" if finding.mandatory else "⚠️"
    where = f" on {_code(finding.resource)}" if finding.resource else ""
    lines = [
        f"{mark} **{_policy(finding, links)}**{where} ({words.strength(finding)})  ",
        f"{_text(finding.found)}",
    ]
    if finding.fix:
        lines += ["", *_fenced(finding.fix)]
    return "\n".join(lines)


def _short(finding: Finding, links: Links) -> str:
    said = finding.exemption or finding.found
    where = f" on {_code(finding.resource)}" if finding.resource else ""
    return f"- {_policy(finding, links)}{where}: {_text(' '.join(said.split()))}"


def _policy(finding: Finding, links: Links) -> str:
    link = links.policy(finding.policy)
    return f"[{finding.policy}]({link})" if link else _code(finding.policy)


def _cost(report: Report) -> str:
    by_component = report.estimate.by_component()
    if not by_component:
        return ""
    total = report.estimate.total
    named = [(_text(component), cost) for component, cost in by_component.items()]
    rows = [
        f"| {name} | {cost.floor:,.0f} | {cost.expected:,.0f} | {cost.peak:,.0f} |"
        for name, cost in [*named, ("**all**", total)]
    ]
    head = ["### Cost, USD a month", "", "| component | floor | expected | peak |"]
    left_out = [f"- not in it: {_text(one)}" for one in report.estimate.unpriced]
    return "\n".join([*head, "|---|--:|--:|--:|", *rows, *([""] if left_out else []), *left_out])


def _failures(report: Report) -> str:
    notes = [one for one in report.of(Kind.NOTE) if one.policy == "components-survive-failures"]
    lines = [f"- {_text(one.found.removeprefix('note: '))}" for one in notes]
    return "\n".join(["### When something fails", "", *lines]) if lines else ""


def _topology(report: Report) -> str:
    topology = report.topology
    if not topology.stages:
        return ""
    ids = {stage.name: f"s{index}" for index, stage in enumerate(topology.stages)}
    pools = {pool.name: f"p{index}" for index, pool in enumerate(topology.pools)}
    lines = [f'  {ids[stage.name]}["{_label(stage.name)}"]' for stage in topology.stages]
    for pool in topology.pools:
        kind = "spot" if pool.spot else "on demand"
        lines.append(f'  {pools[pool.name]}[("{_label(pool.name)}, {kind}")]')
    lines += [f"  {ids[caller]} --> {ids[called]}" for caller, called in topology.calls]
    lines += [
        f"  {ids[stage.name]} -.-> {pools[pool]}"
        for stage in topology.stages
        if stage.kind == "ModelServing"
        for pool in stage.pools
    ]
    graph = "\n".join(["```mermaid", "flowchart TD", *lines, "```"])
    return _folded("Topology", graph)


def _scaling(report: Report) -> str:
    if not report.curves:
        return ""
    return "\n".join(["### Scaling", "", *(f"- {_text(curve.words)}" for curve in report.curves)])


def _changes(report: Report) -> str:
    if not report.changes:
        return ""
    parts = ["### Changes"]
    for component, held in groupby(report.changes, key=lambda change: change.component):
        changes = list(held)
        rows = "\n".join(_row(change) for change in changes)
        parts.append(_folded(f"{_text(component)}: {', '.join(_counts(changes))}", rows))
    return "\n\n".join(parts)


def _row(change: Change) -> str:
    named = f" ({', '.join(change.properties)})" if change.properties else ""
    return f"- {change.operation.value} {_code(change.name)} {change.type}{named}"


def _counts(changes: Sequence[Change]) -> Iterator[str]:
    for operation in words.ORDER:
        if count := sum(change.operation is operation for change in changes):
            yield f"{count} to {operation.value}"


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _fenced(code: str) -> list[str]:
    fence = "```" if "```" not in code else "````"
    return [f"{fence}yaml", code, fence]


def _code(name: str) -> str:
    """Return the name as code; a backtick or a bar in it would end that, or the cell."""
    safe = name.replace("`", "'").replace("|", "/")
    return f"`{safe}`"


def _text(words_: str) -> str:
    """Return the words so that Markdown shows them as they are."""
    for sign in "\\`*_[]<>|":
        words_ = words_.replace(sign, f"\\{sign}")
    # Nobody is notified, and no issue is linked, by what a resource is called.
    return words_.replace("@", "@\u200b").replace("#", "#\u200b")


def _label(words_: str) -> str:
    return words_.replace('"', "'")
