import base64
import json
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest

from embedded.plugins.language.interpreter import Interpreter, choose
from embedded.plugins.language.packages import RequiredPackage, dependencies, required
from embedded.plugins.protos import language_pb2
from embedded.plugins.versions import plugin_version, sdk_version
from tests.embedded.plugins.language.support import Host, info


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "venv" / "lib" / "python3.12" / "site-packages"
    folder.mkdir(parents=True)
    return folder


def interpreter(site: Path) -> Interpreter:
    root = site.parents[3]
    return choose({"virtualenv": "venv"}, root, root)


def install(site: Path, name: str, plugin: dict[str, Any] | str, version: str = "1.2.3") -> None:
    (site / name).mkdir()
    text = plugin if isinstance(plugin, str) else json.dumps(plugin)
    (site / name / "pulumi-plugin.json").write_text(text)
    distribution(site, name, version)


def distribution(site: Path, name: str, version: str, *requires: str) -> None:
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    lines = [f"Name: {name}", *(f"Requires-Dist: {need}" for need in requires)]
    (info / "METADATA").write_text("\n".join([*lines, "", "Requires-Dist: prose, not a header"]))


def test_an_installed_provider_package_asks_for_its_plugin(site: Path) -> None:
    server = "https://plugins.example"
    plugin = {"resource": True, "name": "aws", "version": "7.1.0", "server": server}
    install(site, "pulumi_aws", plugin)

    assert required(interpreter(site)) == [
        RequiredPackage(name="aws", version="7.1.0", server=server)
    ]


def test_a_package_that_names_no_version_means_its_own(site: Path) -> None:
    install(site, "pulumi_random", {"resource": True, "name": "random"}, "4.18.0")

    assert required(interpreter(site)) == [RequiredPackage(name="random", version="4.18.0")]


def test_a_prerelease_is_no_plugin_version(site: Path) -> None:
    install(site, "pulumi_random", {"resource": True, "name": "random"}, "4.18.0a1700000000")

    assert required(interpreter(site)) == [RequiredPackage(name="random", version="")]


def test_a_package_without_a_plugin_asks_for_none(site: Path) -> None:
    install(site, "pulumi_policy", {"resource": False})

    assert required(interpreter(site)) == []


def test_a_broken_description_asks_for_none(site: Path) -> None:
    install(site, "pulumi_odd", "{not json")

    assert required(interpreter(site)) == []


def test_a_parameterised_package_carries_its_parameter(site: Path) -> None:
    parameter = {
        "name": "netbox",
        "version": "1.0.0",
        "value": base64.b64encode(b"terraform").decode(),
    }
    plugin = {"resource": True, "name": "any", "version": "0.9.0", "parameterization": parameter}
    install(site, "pulumi_netbox", plugin)

    [package] = required(interpreter(site))

    assert package.parameterization == ("netbox", "1.0.0", b"terraform")


def test_dependencies_are_normalised_and_sorted(site: Path) -> None:
    distribution(site, "Typing_Extensions", "4.1")
    distribution(site, "attrs", "26.1.0")

    assert dependencies(interpreter(site), transitive=True) == [
        ("attrs", "26.1.0"),
        ("typing-extensions", "4.1"),
    ]


def test_direct_dependencies_are_those_that_nothing_requires(site: Path) -> None:
    distribution(site, "app", "1", "Lib.Core>=2", 'docs-tool; extra == "docs"')
    distribution(site, "lib_core", "2")
    distribution(site, "docs_tool", "3")
    distribution(site, "prose", "4")

    assert [name for name, _ in dependencies(interpreter(site), transitive=False)] == [
        "app",
        "docs-tool",
        "prose",
    ]


def test_an_interpreter_without_an_environment_is_asked_itself(tmp_path: Path) -> None:
    bare = Interpreter(
        python=Path(sys.executable), environment=None, toolchain="pip", root=tmp_path
    )

    assert RequiredPackage(name="aws", version=plugin_version("pulumi_aws")) in required(bare)


def test_the_host_answers_for_this_checkout(host: Host, tmp_path: Path) -> None:
    asked = language_pb2.GetRequiredPackagesRequest(info=info(tmp_path))

    packages = host.stub.GetRequiredPackages(asked).packages

    assert {(p.name, p.kind, p.version) for p in packages} == {
        ("aws", "resource", plugin_version("pulumi_aws")),
        ("kubernetes", "resource", plugin_version("pulumi_kubernetes")),
        ("pulumiservice", "resource", plugin_version("pulumi_pulumiservice")),
    }
    plugins = host.stub.GetRequiredPlugins(
        language_pb2.GetRequiredPluginsRequest(info=info(tmp_path))
    ).plugins
    assert {p.version for p in plugins} == {p.version for p in packages}


def test_the_host_has_the_version_of_the_sdk(host: Host) -> None:
    from google.protobuf import empty_pb2

    assert host.stub.GetPluginInfo(empty_pb2.Empty()).version == sdk_version()


def test_about_names_the_interpreter(host: Host, tmp_path: Path) -> None:
    about = host.stub.About(language_pb2.AboutRequest(info=info(tmp_path)))

    assert about.version == sys.version.split()[0]
    assert about.executable == f"{sys.prefix}/bin/python"
    assert dict(about.metadata) == {"toolchain": "pip"}


def test_what_the_host_does_not_do_is_said_with_what_does(host: Host) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        host.stub.GeneratePackage(language_pb2.GeneratePackageRequest())

    assert failure.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "does not generate SDK packages" in str(failure.value.details())
    assert "released Pulumi CLI" in str(failure.value.details())
