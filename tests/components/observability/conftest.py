"""Prometheus itself as judge: `promtool test rules` over synthetic series."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from embedded.toolchain.resolve import ensure
from tests.components.observability.world import Series

Sample = tuple[str, float]


@dataclass(frozen=True)
class Judge:
    """Runs promtool and returns what it says; nothing when all is as expected."""

    promtool: Path
    folder: Path

    def check_rules(self, spec: Mapping[str, Any]) -> str:
        file = self.folder / "rules.json"
        file.write_text(json.dumps(spec))
        return self._run("check", "rules", "--lint=all", "--lint-fatal", str(file))

    def evaluate(
        self,
        series: Iterable[Series],
        expected: Mapping[str, Sequence[Sample]],
        at: str,
        *,
        rules: Mapping[str, Any] | None = None,
        every: str = "15s",
        evaluated_every: str = "1m",
    ) -> str:
        """Evaluate queries, each with the samples that it is to yield."""
        (self.folder / "rules.json").write_text(json.dumps(rules or {"groups": []}))
        test = {
            "rule_files": ["rules.json"],
            "evaluation_interval": evaluated_every,
            "fuzzy_compare": True,
            "tests": [
                {
                    "interval": every,
                    "input_series": [one.written() for one in series],
                    "promql_expr_test": [
                        {
                            "expr": query,
                            "eval_time": at,
                            "exp_samples": [
                                {"labels": labels, "value": value} for labels, value in samples
                            ],
                        }
                        for query, samples in expected.items()
                    ],
                }
            ],
        }
        file = self.folder / "test.json"
        file.write_text(json.dumps(test))
        return self._run("test", "rules", str(file))

    def _run(self, *arguments: str) -> str:
        outcome = subprocess.run(
            [self.promtool, *arguments], capture_output=True, text=True, check=False
        )
        said = outcome.stdout + outcome.stderr
        return "" if outcome.returncode == 0 else said or f"exit code {outcome.returncode}"


@pytest.fixture(scope="session")
def promtool() -> Path:
    return ensure(["promtool"], print)["promtool"]


@pytest.fixture
def judge(promtool: Path, tmp_path: Path) -> Judge:
    return Judge(promtool, tmp_path)
