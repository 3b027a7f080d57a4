"""The few shapes that the drawings are made of. Colours come from the page, by class."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

# Ends of lines with the class `call` point at what is called.
ARROW: Final = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" class="head"/></marker></defs>'
)


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "middle") -> str:
    """Return a line of text."""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, kind: str, radius: float = 6) -> str:
    """Return a rectangle."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" '
        f'class="{kind}"/>'
    )


def line(points: Iterable[tuple[float, float]], kind: str) -> str:
    """Return a line through the points."""
    path = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polyline points="{path}" class="{kind}"/>'


def arc(start: tuple[float, float], end: tuple[float, float], kind: str) -> str:
    """Return a curve that leaves downwards and arrives from above."""
    middle = (start[1] + end[1]) / 2
    path = (
        f"M{start[0]:g},{start[1]:g} C{start[0]:g},{middle:g} {end[0]:g},{middle:g} "
        f"{end[0]:g},{end[1]:g}"
    )
    return f'<path d="{path}" class="{kind}"/>'


def picture(width: float, height: float, title: str, words: str, parts: Iterable[str]) -> str:
    """Return a picture with what it shows in words, for who cannot see it."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title><desc>{escape(words)}</desc>{''.join(parts)}</svg>"
    )
