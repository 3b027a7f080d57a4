"""Just enough of PromQL to say which metrics a query asks for, and how many series it yields.

It reads text as Prometheus' grammar groups it, and evaluates nothing. What it is not sure of
it says so: callers decide what to make of that.
"""

from __future__ import annotations

import re
from typing import Final

# One series without `by` or `without`.
AGGREGATORS: Final = frozenset(
    {"sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "quantile"}
)
# As many series as their argument has.
_KEEPING: Final = frozenset(
    {"abs", "ceil", "clamp", "clamp_max", "clamp_min", "floor", "round", "sqrt", "ln", "exp"}
)
_ONE: Final = frozenset({"vector", "scalar", "time", "absent", "absent_over_time", "pi"})
_WORDS: Final = frozenset(
    {"by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool"}
    | {"and", "or", "unless", "inf", "nan", "atan2", "start", "end"}
)
_QUOTED: Final = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
_NAMED: Final = re.compile(r"__name__\s*=\s*\"([^\"]+)\"")
_LABELS: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_BRACES: Final = re.compile(r"\{[^}]*\}")
_RANGE: Final = re.compile(r"\[[^\]]*\]")
_OFFSET: Final = re.compile(r"\boffset\s+-?\w+")
_NAME: Final = re.compile(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?![\w:]|\s*\()")
_CALL: Final = re.compile(r"([a-z_]\w*)\s*(?:(by|without)\s*\([^)]*\)\s*)?\(", re.IGNORECASE)
_DEEPEST: Final = 100
_TRAILING: Final = re.compile(r"(?:by|without)\s*\([^)]*\)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?[\d.]+(?:e[+-]?\d+)?", re.IGNORECASE)
_OPERATOR: Final = re.compile(r"==|!=|<=|>=|[-+*/%^<>]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)


def metrics(query: str) -> tuple[str, ...]:
    """Return the names of the metrics that a query asks for, each once, in their order."""
    named = _NAMED.findall(query)
    text = _BRACES.sub(" ", _QUOTED.sub('""', query))
    for noise in (_RANGE, _LABELS, _OFFSET):
        text = noise.sub(" ", text)
    found = [name for name in _NAME.findall(text) if name.lower() not in _WORDS]
    return tuple(dict.fromkeys([*named, *found]))


def outermost(query: str) -> str | None:
    """Return the function or aggregator that a query's value comes from; None: an expression."""
    operands = [] if _hopeless(query) else _operands(query)
    if len(operands) != 1:
        return None
    call = _call(operands[0])
    return call[0] if call else None


def one_series(query: str) -> bool | None:
    """Tell whether a query yields one series at most; None: that depends on what is there."""
    if _hopeless(query):
        return None
    verdicts = [_operand(operand) for operand in _operands(query)]
    if verdicts and all(verdict is True for verdict in verdicts):
        return True
    return False if any(verdict is False for verdict in verdicts) else None


def _hopeless(query: str) -> bool:
    """Tell whether it is no query, or deeper than anybody writes one."""
    brackets = _masked(query)
    opened, closed = brackets.count("("), brackets.count(")")
    return opened != closed or opened > _DEEPEST


def _operand(text: str) -> bool | None:
    if _NUMBER.fullmatch(text):
        return True
    if text.startswith("(") and _closing(text, 0) == len(text) - 1:
        return one_series(text[1:-1])
    call = _call(text)
    if call is None:
        return None
    name, grouped, inner = call
    if name in AGGREGATORS:
        return not grouped
    if name in _ONE:
        return True
    if name in _KEEPING:
        return one_series(_first_argument(inner))
    return _only_by_bucket(inner) if name == "histogram_quantile" else None


def _call(text: str) -> tuple[str, bool, str] | None:
    """Return the function, whether it groups by labels, and its argument; None: no such call."""
    found = _CALL.match(text)
    if found is None:
        return None
    end = _closing(text, found.end() - 1)
    rest = text[end + 1 :].strip()
    if rest and not _TRAILING.fullmatch(rest):
        return None
    return found.group(1).lower(), bool(found.group(2) or rest), text[found.end() : end]


def _only_by_bucket(arguments: str) -> bool | None:
    return True if re.search(r"\bby\s*\(\s*le\s*\)", arguments, re.IGNORECASE) else None


def _first_argument(text: str) -> str:
    depth = 0
    for position, letter in enumerate(_masked(text)):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            return text[:position]
    return text


def _operands(query: str) -> list[str]:
    """Split at the operators that lie outside all brackets."""
    text = query.strip()
    if text.startswith("(") and _closing(text, 0) == len(text) - 1:
        return _operands(text[1:-1])
    flat = _flattened(text)
    parts: list[str] = []
    start = 0
    for found in _OPERATOR.finditer(flat):
        if flat[start : found.start()].strip():
            parts.append(text[start : found.start()])
            start = found.end()
    cleaned = [_matching_removed(part.strip()) for part in (*parts, text[start:])]
    return [part for part in cleaned if part]


def _matching_removed(text: str) -> str:
    """Drop `on (...)`, `group_left (...)` and `bool` before the right-hand operand."""
    pattern = r"^(?:(?:on|ignoring|group_left|group_right)\s*\([^)]*\)\s*|bool\s+)+"
    return re.sub(pattern, "", text, flags=re.IGNORECASE).strip()


def _masked(text: str) -> str:
    return _QUOTED.sub(lambda found: '"' * len(found.group()), text)


def _flattened(text: str) -> str:
    """Blank out whatever is inside brackets, so that positions stay."""
    depth = 0
    letters: list[str] = []
    for letter in _masked(text):
        depth -= letter in ")]}"
        letters.append(letter if depth == 0 else " ")
        depth += letter in "([{"
    return "".join(letters)


def _closing(text: str, opening: int) -> int:
    """Return where the bracket that opens there is closed."""
    depth = 0
    masked = _masked(text)
    for position in range(opening, len(masked)):
        depth += (masked[position] in "([{") - (masked[position] in ")]}")
        if depth == 0:
            return position
    return len(masked) - 1
