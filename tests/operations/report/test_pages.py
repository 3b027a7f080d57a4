"""Both twins: everything is in them, nothing secret is, and whatever a name is, it stays a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from operations.console import UserError
from operations.report import command, markdown, page
from operations.report.events import read_report
from operations.report.model import Report
from operations.report.words import Links
from tests.operations.report.samples import (
    MODEL,
    SECRET_MARK,
    UNKNOWN_TEXT,
    a_whole_stack,
    autoscaler,
    deployment,
    node_group,
    policy,
    step,
    subnet,
)

QUEUE = "aws:sqs/queue:Queue"
LINKS = Links("../policies")
VIOLATION = "Title\nfound: it\n  why: because\n  fix: do this\n"
Render = Callable[[Report, Links], str]
both = pytest.mark.parametrize("render", [page.render, markdown.render], ids=["page", "twin"])


class Outline(HTMLParser):
    """What a browser would make of the page: elements, and whether each was closed."""

    VOID = frozenset({"meta", "rect", "polyline", "path", "link", "br", "img"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.broken: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)


def everything() -> list[dict[str, Any]]:
    return [
        *a_whole_stack(),
        step(QUEUE, "kept", op="same"),
        step(QUEUE, "replaced", op="replace", keys=["fifoQueue"]),
        policy("must-hold", VIOLATION),
        policy("should-hold", VIOLATION, level="advisory"),
        policy("open", "T\nundetermined until these values are known:\n  name", level="advisory"),
        policy("waived", "T\nx\n  suppressed until 2027-01-01 by dev.json: reason"),
        policy("components-survive-failures", "T\nnote: chat: 1 of 2 left", level="advisory"),
    ]


@both
def test_everything_that_a_reviewer_asks_for_is_there(render: Render) -> None:
    text = render(read_report(everything()), LINKS)
    for needed in (
        *("Stopped by 1 violation of mandatory policies", "must-hold", "do this"),
        *("should-hold", "open", "waived", "until 2027-01-01 by dev.json: reason"),
        *("replaced", "fifoQueue", "GpuPool gpu", "chat: 1 of 2 left"),
        *("floor", "expected", "peak", "gateway: 2 replicas up to 1.3"),
    ):
        assert needed in text.replace("\\", ""), needed


@both
def test_each_policy_is_linked(render: Render) -> None:
    assert "../policies/must-hold.md" in render(read_report(everything()), LINKS)


@both
def test_a_preview_without_changes_says_so(render: Render) -> None:
    assert "Nothing changes" in render(read_report([step(QUEUE, "q", op="same")]), Links())


SECRET = "hunter2-do-not-tell"


def secret(as_the_engine_writes_it: str) -> Any:
    if as_the_engine_writes_it == "marked":
        return {**SECRET_MARK, "value": SECRET, "plaintext": f'"{SECRET}"', "ciphertext": SECRET}
    return "[secret]"


@both
@pytest.mark.parametrize("kind", ["marked", "filtered"])
def test_a_secret_is_in_no_report_wherever_it_stands(render: Render, kind: str) -> None:
    value = secret(kind)
    network = subnet("public", "us-east-1a")
    network["resourcePreEvent"]["metadata"]["new"]["inputs"]["cidrBlock"] = value
    pool = node_group("gpu")
    inputs = pool["resourcePreEvent"]["metadata"]["new"]["inputs"]
    inputs.update({"instanceTypes": [value], "labels": {"ballast/pool": value}})
    workload = deployment(MODEL, "chat")
    workload["resourcePreEvent"]["metadata"]["new"]["inputs"]["metadata"]["name"] = value
    scaler = autoscaler("chat", 1, 2)
    scaler["resourcePreEvent"]["metadata"]["new"]["inputs"]["spec"]["maxReplicas"] = value
    diff = {"password": {"diffKind": "update", "inputDiff": True}}
    database = step(
        "aws:rds/instance:Instance",
        "database",
        {"password": value},
        op="update",
        old={"password": value},
        detailedDiff=diff,
    )
    text = render(read_report([network, pool, workload, scaler, database]), LINKS)
    assert SECRET not in text
    assert "password" in text


@both
def test_a_value_that_is_not_known_yet_is_said_in_words(render: Render) -> None:
    network = subnet("public", "us-east-1a", UNKNOWN_TEXT)
    assert UNKNOWN_TEXT not in render(read_report([*a_whole_stack(), network]), LINKS)


HOSTILE = "</svg></code><script>alert(1)</script>|`\"'&@everyone"


def hostile() -> Report:
    return read_report(
        [
            *a_whole_stack(),
            deployment(MODEL, HOSTILE),
            step(QUEUE, HOSTILE, op="replace", keys=[HOSTILE]),
            policy("hostile", f"{HOSTILE}\n{HOSTILE}\n  why: {HOSTILE}\n  fix: {HOSTILE}"),
        ]
    )


def test_a_name_is_a_name_on_the_page_whatever_it_is() -> None:
    outline = Outline(page.render(hostile(), LINKS))
    assert (outline.broken, outline.open) == ([], [])
    assert not [tag for tag, _ in outline.seen if tag == "script"]


def test_a_name_calls_nobody_in_the_twin() -> None:
    text = markdown.render(hostile(), LINKS)
    prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)
    assert "@everyone" not in prose


def test_the_page_is_one_file_that_loads_and_runs_nothing() -> None:
    outline = Outline(page.render(read_report(everything()), LINKS))
    assert not [tag for tag, _ in outline.seen if tag in {"script", "link", "img", "iframe"}]
    for _, attributes in outline.seen:
        assert not (attributes.get("src") or "").startswith(("http", "//"))
        assert not [name for name in attributes if name.startswith("on")]


def test_the_page_can_be_read_without_seeing_it_and_without_a_mouse() -> None:
    outline = Outline(page.render(read_report(everything()), LINKS))
    tags = [tag for tag, _ in outline.seen]
    assert ("html", {"lang": "en"}) in outline.seen
    assert {"main", "header", "nav", "h1", "caption"} <= set(tags)
    assert tags.count("h1") == 1
    for tag, attributes in outline.seen:
        if tag == "svg":
            assert attributes.get("role") == "img"
            assert attributes.get("aria-label")
        if tag == "th":
            assert attributes.get("scope") in {"col", "row"}
    identifiers = [attributes["id"] for _, attributes in outline.seen if "id" in attributes]
    targets = {
        (attributes.get("href") or "")[1:]
        for tag, attributes in outline.seen
        if tag == "a" and (attributes.get("href") or "").startswith("#")
    }
    assert targets <= set(identifiers)


def luminance(colour: str) -> float:
    def channel(hexadecimal: str) -> float:
        value = int(hexadecimal, 16) / 255
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (channel(colour[at : at + 2]) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground_in_light_and_dark(scheme: str) -> None:
    """4.5 to 1 is what WCAG 2.2 AA asks of text."""
    css = Path(page.__file__).with_name("page.css").read_text()
    light, dark = css.split("@media (prefers-color-scheme: dark)", 1)
    block = light if scheme == "light" else dark
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    grounds = [
        *((text, ground) for text in ("ink", "soft", "accent") for ground in ("paper", "panel")),
        *(("ink", tier) for tier in ("public", "private", "serving", "isolated")),
        *((tone, f"{tone}-paper") for tone in ("good", "bad", "warn")),
    ]
    for text, ground in grounds:
        lights = sorted((luminance(colours[text]), luminance(colours[ground])))
        contrast = (lights[1] + 0.05) / (lights[0] + 0.05)
        assert contrast >= 4.5, (scheme, text, ground, round(contrast, 2))


def test_the_twin_fits_into_a_comment_however_much_changes() -> None:
    many = [step(QUEUE, f"queue-{number}") for number in range(5000)]
    text = markdown.render(read_report([*everything(), *many]), LINKS)
    assert len(text) <= markdown.LIMIT
    assert "must-hold" in text
    assert "Cut here" in text
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") % 2 == 0


def test_both_are_written_where_they_are_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    command.write(everything(), tmp_path / "new" / "folder")
    assert "must-hold" in (tmp_path / "new" / "folder" / command.PAGE).read_text()
    assert "must-hold" in (tmp_path / "new" / "folder" / command.TWIN).read_text()


def test_in_a_workflow_policies_are_linked_at_the_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "org/ballast")
    monkeypatch.setenv("GITHUB_SHA", "abc")
    command.write(everything(), tmp_path)
    linked = "https://github.com/org/ballast/blob/abc/docs/policies/must-hold.md"
    assert linked in (tmp_path / command.TWIN).read_text()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        command.write([], tmp_path / "file" / "below")


def test_what_is_no_event_log_is_said_with_how_to_make_one(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text('{"sequence": 0}\nno json\n')
    with pytest.raises(UserError, match=r"line 2 is no JSON.*--event-log"):
        command.report(log, tmp_path)


def test_a_log_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        command.report(tmp_path / "gone", tmp_path)
