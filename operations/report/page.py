"""The page: one file that needs nothing else, no script and no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from operations.report import sections, words
from operations.report.model import Operation, Report
from operations.report.words import Links

_STYLE = Path(__file__).with_name("page.css")


def render(report: Report, links: Links) -> str:
    """Return the report as HTML."""
    parts = [
        ("attention", "Replaced or deleted", sections.attention(report)),
        ("policies", "Policies", sections.findings(report, links)),
        ("cost", "Cost", sections.cost(report)),
        ("failures", "When something fails", sections.failures(report)),
        ("topology", "Topology", sections.topology(report)),
        ("scaling", "Scaling", sections.scaling(report)),
        ("changes", "Changes", sections.changes(report)),
    ]
    shown = [(key, title, content) for key, title, content in parts if content]
    body = "".join(
        f'<section aria-labelledby="{key}"><h2 id="{key}">{escape(title)}</h2>{content}</section>'
        for key, title, content in shown
    )
    title = f"{report.stack}: {words.verdict(report)}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Nothing is loaded and nothing runs, whatever a resource may be called.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE.read_text()}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#content">To the content</a>\n'
        f"<header>{_head(report)}{_navigation(shown)}</header>\n"
        f'<main id="content">{body}</main>\n'
        f"<footer>{_foot(report)}</footer>\n</body>\n</html>\n"
    )


def _head(report: Report) -> str:
    kind = "bad" if report.blocked else "good"
    errors = "".join(f"<pre>{escape(error)}</pre>" for error in report.errors)
    return (
        f"<h1>Preview of {escape(report.stack)}</h1>"
        f'<p class="verdict {kind}">{escape(words.verdict(report))}</p>{errors}'
        f'<ul class="cards">{"".join(_cards(report))}</ul>'
    )


def _cards(report: Report) -> list[str]:
    cost = report.estimate.total
    before = report.before.total if report.before else None
    moved = words.difference(cost, before) or "a month, expected"
    counted = [
        _card(str(report.count(operation)), f"to {operation.value}")
        for operation in Operation
        if report.count(operation)
    ]
    return [
        *(counted or [_card("0", "changes")]),
        _card(str(report.policies), "policies run"),
        _card(words.money(cost.expected), moved),
        _card(f"{cost.floor:,.0f} to {cost.peak:,.0f}", "USD a month, floor to peak"),
    ]


def _card(number: str, meaning: str) -> str:
    return f"<li><b>{escape(number)}</b><span>{escape(meaning)}</span></li>"


def _navigation(shown: Sequence[tuple[str, str, str]]) -> str:
    items = "".join(f'<li><a href="#{key}">{escape(title)}</a></li>' for key, title, _ in shown)
    return f'<nav aria-label="Sections"><ul>{items}</ul></nav>'


def _foot(report: Report) -> str:
    return f"{escape(words.summary(report))}. {escape(words.policies(report))}."
