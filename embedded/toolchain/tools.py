"""The tools: what each is built from, and which versions on PATH will do instead.

A new tool is one more record in BUILDS and a folder below modules/ with its
go.mod and go.sum.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from embedded.toolchain.versions import VersionRange

MODULES = Path(__file__).resolve().parent / "modules"


@dataclass(frozen=True, kw_only=True)
class GoBuild:
    """One folder below modules/, made with one `go build`: executables that share a version."""

    module: str
    version: str
    # Executable to the package of its main function.
    executables: Mapping[str, str]
    # Go variables that the linker sets; without them a tool does not know its version.
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    # How to ask any of the executables for its version; none: it does not say, and what is on
    # PATH is never taken.
    version_arguments: Sequence[str] = ("--version",)
    # Versions on PATH that are taken instead of a build of our own.
    fits: VersionRange
    # What does not work without it.
    needed_by: str
    # A first build on two cores with empty caches, so that progress can say what to expect.
    first_build_seconds: int

    @property
    def folder(self) -> Path:
        """Where go.mod is."""
        return MODULES / self.module

    @property
    def flags(self) -> tuple[str, ...]:
        """The arguments of `go build` that shape the result."""
        variables = [f"-X {name}={value}" for name, value in self.variables.items()]
        linker = " ".join(["-s -w", *variables])
        return ("-trimpath", "-buildvcs=false", "-mod=readonly", f"-ldflags={linker}")

    @property
    def packages(self) -> tuple[str, ...]:
        """What `go build` is asked for."""
        return tuple(self.executables.values())

    def fingerprint(self) -> str:
        """Return a short hash of everything that shapes the result, the machine's kind included."""
        parts = [sys.platform, platform.machine(), *self.flags, *self.packages]
        digest = hashlib.sha256("\0".join(parts).encode())
        for source in sorted([self.folder / "go.mod", self.folder / "go.sum", *self._sources()]):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
        return digest.hexdigest()[:12]

    def _sources(self) -> list[Path]:
        return list(self.folder.glob("*.go"))


@dataclass(frozen=True)
class Tool:
    """One executable."""

    name: str
    build: GoBuild


BUILDS = (
    GoBuild(
        module="pulumi",
        version="3.259.0",
        executables={"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
        variables={"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "3.259.0"},
        version_arguments=("version",),
        # The SDK in requirements.txt speaks 3.259's protocol; engines keep to it until 4.
        fits=VersionRange((3, 259), (4,)),
        needed_by="every command that touches a stack",
        first_build_seconds=230,
    ),
    GoBuild(
        module="etcd",
        version="3.6.5",
        executables={"etcd": "."},
        fits=VersionRange((3, 5), (3, 7)),
        needed_by="the embedded control plane",
        first_build_seconds=40,
    ),
    GoBuild(
        module="kubernetes",
        version="1.35.4",
        executables={
            "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
            "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
        },
        variables={
            "k8s.io/component-base/version.gitVersion": "v1.35.4",
            "k8s.io/component-base/version.gitMajor": "1",
            "k8s.io/component-base/version.gitMinor": "35",
            "k8s.io/component-base/version.gitTreeState": "clean",
        },
        # One minor version for all parts: a mixed control plane is a case of its own.
        fits=VersionRange((1, 35), (1, 36)),
        needed_by="the embedded control plane",
        first_build_seconds=390,
    ),
    GoBuild(
        module="kwok",
        version="0.7.0",
        executables={"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        variables={"sigs.k8s.io/kwok/pkg/consts.Version": "0.7.0"},
        fits=VersionRange((0, 7), (0, 8)),
        needed_by="the embedded nodes",
        first_build_seconds=110,
    ),
    GoBuild(
        module="prometheus",
        # The module says v0.307.0: Prometheus is no library, and its Go modules stay below 1.
        version="3.7.0",
        executables={"promtool": "github.com/prometheus/prometheus/cmd/promtool"},
        variables={"github.com/prometheus/common/version.Version": "3.7.0"},
        fits=VersionRange((3,), (4,)),
        needed_by="the tests of queries, alerts and dashboards",
        first_build_seconds=240,
    ),
    GoBuild(
        module="kserve",
        version="0.16.0",
        executables={"router": "github.com/kserve/kserve/cmd/router"},
        version_arguments=(),
        fits=VersionRange((0, 16), (0, 17)),
        needed_by="the tests of the result aggregator",
        first_build_seconds=180,
    ),
    GoBuild(
        module="kubeconform",
        version="0.7.0",
        executables={"kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform"},
        variables={"main.version": "0.7.0"},
        version_arguments=("-v",),
        fits=VersionRange((0, 7), (0, 8)),
        needed_by="the tests of the manifests",
        first_build_seconds=20,
    ),
    GoBuild(
        module="kube-score",
        version="1.20.0",
        executables={"kube-score": "github.com/zegl/kube-score/cmd/kube-score"},
        variables={"main.version": "1.20.0"},
        version_arguments=("version",),
        fits=VersionRange((1, 20), (1, 21)),
        needed_by="the tests of the manifests",
        first_build_seconds=20,
    ),
    GoBuild(
        module="actionlint",
        version="1.7.7",
        executables={"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"},
        version_arguments=("-version",),
        fits=VersionRange((1, 7), (2,)),
        needed_by="the tests of the workflows",
        first_build_seconds=20,
    ),
)

TOOLS: Mapping[str, Tool] = {
    name: Tool(name, build) for build in BUILDS for name in build.executables
}
