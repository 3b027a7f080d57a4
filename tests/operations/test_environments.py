"""Environments are read off the stack files."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations import environments
from operations.console import UserError
from operations.environments import Environment


def test_every_stack_file_is_an_environment() -> None:
    assert {"local", "dev"} <= set(environments.names())


def test_deployment_settings_are_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.dev.yaml").touch()
    (tmp_path / "Pulumi.dev.deploy.yaml").touch()
    monkeypatch.setattr(environments, "_STACKS", tmp_path)
    assert environments.names() == ["dev"]


def test_local_runs_embedded_and_dev_does_not() -> None:
    assert environments.find("local").embedded
    assert not environments.find("dev").embedded


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(
        UserError, match=r"no environment 'locla'. Did you mean local\? Known: .*dev"
    ):
        environments.find("locla")


def test_a_name_that_is_near_nothing_gets_the_list_alone() -> None:
    with pytest.raises(UserError) as refused:
        environments.find("zzzzzz")
    assert "Did you mean" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "config:\n", "config: [1]\n", "- a\n", "config: {a: b}\n"])
def test_a_stack_file_without_a_target_is_not_embedded(tmp_path: Path, text: str) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(text)
    assert not Environment("x", file).embedded


def test_a_stack_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text("config: [")
    with pytest.raises(UserError, match=r"Pulumi\.x\.yaml is not valid YAML"):
        _ = Environment("x", file).embedded


def test_an_environment_names_those_that_it_is_joined_with() -> None:
    assert environments.find("prod").references == ["shared"]
    assert environments.find("staging").references == ["shared"]
    assert environments.find("dev").references == []
    assert environments.find("shared").references == []


@pytest.mark.parametrize(
    "network",
    [
        "[1]",
        "{peerings: [1]}",
        "{peerings: {a: 1}}",
        "{peerings: {a: {stack: organization/other/shared}}}",
        "{peerings: {a: {stack: organization/ballast/nowhere}}}",
        "{peerings: {a: {vpc_id: vpc-0123456789abcdef0}}}",
    ],
)
def test_what_is_no_environment_of_this_project_is_no_reference(
    tmp_path: Path, network: str
) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(f"config:\n  ballast:network: {network}\n")
    assert Environment("x", file).references == []
