import os
from pathlib import Path

import pytest

from embedded.layout import Layout
from embedded.plugins import path
from embedded.plugins.versions import plugin_version, sdk_version

AWS = plugin_version("pulumi_aws")
KUBERNETES = plugin_version("pulumi_kubernetes")


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A machine with nothing of Pulumi's on it but the engine in tools/."""
    monkeypatch.delenv("BALLAST_STATE_DIR", raising=False)
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "user-bin"))
    executable(tmp_path / "tools" / "pulumi")
    return Layout(tmp_path / "checkout")


def executable(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def tools(layout: Layout) -> dict[str, Path]:
    return {"pulumi": layout.root.parent / "tools" / "pulumi"}


def chosen(layout: Layout) -> dict[str, path.PluginChoice]:
    return {choice.name: choice for choice in path.choices(layout, tools(layout)["pulumi"])}


def plugin(layout: Layout, folder: str, name: str) -> Path:
    return layout.pulumi_home / "plugins" / folder / name


def test_ours_answer_where_nothing_is_installed(layout: Layout) -> None:
    path.environment(layout, tools(layout))

    assert {choice.origin for choice in chosen(layout).values()} == {"embedded"}
    for folder, name in [
        (f"language-python-v{sdk_version()}", "pulumi-language-python"),
        (f"resource-aws-v{AWS}", "pulumi-resource-aws"),
        (f"resource-kubernetes-v{KUBERNETES}", "pulumi-resource-kubernetes"),
    ]:
        link = plugin(layout, folder, name)
        assert link.resolve() == Path(path.__file__).parent / "bin" / name
        assert not link.parent.is_symlink()


def test_the_engine_is_the_one_of_the_tools(layout: Layout) -> None:
    variables = path.environment(layout, tools(layout))

    first = Path(variables["PATH"].split(os.pathsep)[0])
    assert (first / "pulumi").resolve() == tools(layout)["pulumi"]


def test_plugins_stay_off_the_path_because_the_engine_would_warn(layout: Layout) -> None:
    path.environment(layout, tools(layout))

    assert [file.name for file in layout.bin.iterdir()] == ["pulumi"]


def test_the_state_folder_is_absolute_for_the_engine(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BALLAST_STATE_DIR", "state")

    variables = path.environment(layout, tools(layout))

    assert variables["PULUMI_BACKEND_URL"] == f"file://{tmp_path}/state/backend?metadata=skip"
    assert variables["PULUMI_HOME"] == f"{tmp_path}/state/pulumi-home"


@pytest.mark.parametrize("name", ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"])
def test_a_passphrase_of_the_users_is_left_alone(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "theirs")

    assert "PULUMI_CONFIG_PASSPHRASE" not in path.environment(layout, tools(layout))


def test_without_a_passphrase_of_the_users_there_is_a_fixed_one(layout: Layout) -> None:
    assert path.environment(layout, tools(layout))["PULUMI_CONFIG_PASSPHRASE"] == "ballast"


def test_a_released_host_on_path_is_preferred(layout: Layout, tmp_path: Path) -> None:
    released = executable(tmp_path / "user-bin" / "pulumi-language-python")

    path.environment(layout, tools(layout))

    choice = chosen(layout)["pulumi-language-python"]
    assert (choice.origin, choice.path) == ("released", released)
    assert not list((layout.pulumi_home / "plugins").glob("language-python-*"))


def test_a_released_host_beside_the_real_engine_is_preferred(
    layout: Layout, tmp_path: Path
) -> None:
    released = executable(tmp_path / "tools" / "pulumi-language-python")
    path.environment(layout, tools(layout))

    # `pulumi` in our own folder is a link: beside the real one is what counts.
    through_link = path.choices(layout, layout.bin / "pulumi")

    assert through_link[0].path == released
    assert not list((layout.pulumi_home / "plugins").glob("language-python-*"))


def test_our_own_launchers_on_path_are_not_taken_for_released_ones(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(path.__file__).parent / "bin"))

    assert {choice.origin for choice in chosen(layout).values()} == {"embedded"}


def test_a_released_provider_of_the_same_major_version_is_linked(
    layout: Layout, tmp_path: Path
) -> None:
    home = tmp_path / "home" / ".pulumi" / "plugins"
    executable(home / "resource-aws-v7.1.0" / "pulumi-resource-aws")
    newest = executable(home / "resource-aws-v7.30.2" / "pulumi-resource-aws")
    executable(home / "resource-aws-v6.80.0" / "pulumi-resource-aws")

    path.environment(layout, tools(layout))

    # Under the version that the engine will ask for: it takes no other.
    assert plugin(layout, f"resource-aws-v{AWS}", "pulumi-resource-aws").resolve() == newest
    assert chosen(layout)["pulumi-resource-aws"].path == newest
    assert chosen(layout)["pulumi-resource-kubernetes"].origin == "embedded"


def test_the_very_version_goes_before_a_newer_one(layout: Layout, tmp_path: Path) -> None:
    home = tmp_path / "home" / ".pulumi" / "plugins"
    exact = executable(home / f"resource-aws-v{AWS}" / "pulumi-resource-aws")
    executable(home / "resource-aws-v7.999.0" / "pulumi-resource-aws")

    assert chosen(layout)["pulumi-resource-aws"].path == exact


def test_another_major_version_is_not_used(layout: Layout, tmp_path: Path) -> None:
    home = tmp_path / "home" / ".pulumi" / "plugins"
    executable(home / "resource-kubernetes-v5.0.0" / "pulumi-resource-kubernetes")

    assert chosen(layout)["pulumi-resource-kubernetes"].origin == "embedded"


def test_a_provider_that_is_still_being_installed_is_not_used(
    layout: Layout, tmp_path: Path
) -> None:
    home = tmp_path / "home" / ".pulumi" / "plugins"
    executable(home / f"resource-aws-v{AWS}" / "pulumi-resource-aws")
    (home / f"resource-aws-v{AWS}.partial").touch()

    assert chosen(layout)["pulumi-resource-aws"].origin == "embedded"


def test_pulumi_home_of_the_user_is_looked_at_too(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "elsewhere"))
    released = executable(
        tmp_path / "elsewhere" / "plugins" / f"resource-aws-v{AWS}" / "pulumi-resource-aws"
    )

    assert chosen(layout)["pulumi-resource-aws"].path == released


def test_a_second_command_chooses_the_same(layout: Layout, tmp_path: Path) -> None:
    home = tmp_path / "home" / ".pulumi" / "plugins"
    released = executable(home / f"resource-aws-v{AWS}" / "pulumi-resource-aws")

    path.environment(layout, tools(layout))
    path.environment(layout, tools(layout))

    assert plugin(layout, f"resource-aws-v{AWS}", "pulumi-resource-aws").resolve() == released
    assert chosen(layout)["pulumi-resource-aws"].path == released


def test_our_own_links_do_not_pass_for_an_installation(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.environment(layout, tools(layout))
    monkeypatch.setenv("PULUMI_HOME", str(layout.pulumi_home))

    assert {choice.origin for choice in chosen(layout).values()} == {"embedded"}


def test_ours_give_way_when_a_released_one_is_installed_later(
    layout: Layout, tmp_path: Path
) -> None:
    path.environment(layout, tools(layout))
    released = executable(
        tmp_path / "home" / ".pulumi" / "plugins" / f"resource-aws-v{AWS}" / "pulumi-resource-aws"
    )

    path.environment(layout, tools(layout))

    assert plugin(layout, f"resource-aws-v{AWS}", "pulumi-resource-aws").resolve() == released


def test_links_of_an_older_sdk_are_taken_away(layout: Layout) -> None:
    path.environment(layout, tools(layout))
    old = plugin(layout, "resource-aws-v7.0.0", "pulumi-resource-aws")
    old.parent.mkdir()
    old.symlink_to(Path(path.__file__).parent / "bin" / "pulumi-resource-aws")

    path.environment(layout, tools(layout))

    assert not old.parent.exists()


def test_what_pulumi_itself_installed_stays(layout: Layout) -> None:
    real = executable(plugin(layout, "resource-aws-v7.0.0", "pulumi-resource-aws"))

    path.environment(layout, tools(layout))

    assert real.exists()
    assert chosen(layout)["pulumi-resource-aws"].path == real
