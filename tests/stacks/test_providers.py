from pathlib import Path

import pulumi
import pytest

from embedded.layout import Layout
from stacks import providers
from stacks.settings import Settings, parse
from tests.support.engine import Registered, deploy, stack_config
from tests.support.stand_in import listening, write_kubeconfig


def settings_of(stack_name: str) -> Settings:
    raw = stack_config(stack_name)
    found = parse({key.removeprefix("ballast:"): raw[key] for key in raw if "ballast:" in key})
    assert isinstance(found, Settings)
    return found


def provider(stack_name: str) -> Registered:
    return deploy(lambda: providers.cloud(settings_of(stack_name)))[1][0]


def test_aws_is_told_the_only_account_it_may_touch() -> None:
    inputs = provider("dev").inputs
    assert inputs["allowedAccountIds"] == '["111122223333"]'
    assert "endpoints" not in inputs
    assert "accessKey" not in inputs


def test_the_embedded_aws_talks_to_loopback_only(embedded_stand_in: Path) -> None:
    endpoints = provider("local").inputs["endpoints"]
    addresses = {part for part in endpoints.split('"') if "://" in part}
    assert addresses == {Layout().cloud_url}


def start(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("BALLAST_STATE_DIR", str(folder))


def test_without_an_embedded_environment_the_user_is_told_how_to_start_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    start(monkeypatch, tmp_path)
    with pytest.raises(pulumi.RunError, match=r"not been started.*\./ballast local start"):
        provider("local")


def test_a_stopped_api_server_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    start(monkeypatch, tmp_path)
    with listening() as port:
        write_kubeconfig(port)
    with (
        listening(Layout().port("moto")),
        pytest.raises(pulumi.RunError, match=r"Kubernetes API does not answer.*local start"),
    ):
        provider("local")


def test_a_stopped_moto_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    start(monkeypatch, tmp_path)
    with listening() as port:
        write_kubeconfig(port)
        with pytest.raises(pulumi.RunError, match=r"moto.*does not answer.*local start"):
            provider("local")


def test_a_kubeconfig_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    start(monkeypatch, tmp_path)
    write_kubeconfig(1)
    Layout().kubeconfig.write_text("hello")
    with pytest.raises(pulumi.RunError, match="names no server"):
        provider("local")
