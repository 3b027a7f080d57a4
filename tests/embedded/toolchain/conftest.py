"""A machine of our own: PATH, cache and compiler are what a test says they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from embedded.layout import PROJECT_ROOT
from embedded.toolchain.tools import BUILDS, GoBuild

GOOD_GO = "1.26.8"

# What stands in for `go`: notes every build with what shapes it, and makes
# executables that know their version. `%(versions)s` maps module to version.
_GO = """#!/bin/sh
if [ "$1" = version ]; then echo "go version go%(version)s linux/amd64"; exit 0; fi
module=${PWD##*/}
echo "$module|$GOFLAGS|$GOOS|$GOWORK|$CGO_ENABLED|$GOTOOLCHAIN|$*" >> "%(journal)s"
echo $$ > "%(pid)s"
echo "go: downloading example.com/one v1.0.0" >&2
echo "example.com/one/package" >&2
%(body)s
case $module in %(versions)s esac
folder=
for word in "$@"; do
  case $folder in
    "") case $last in -o) folder=$word ;; esac ;;
    *) name=${word##*/}; [ "$word" = . ] && name=$module
       printf '#!/bin/sh\\necho "%%s v%%s"\\n' "$name" "$version" > "$folder$name"
       /bin/chmod 755 "$folder$name" ;;
  esac
  last=$word
done
"""

_ENSURE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from embedded.toolchain.resolve import ensure
print(ensure(sys.argv[1:], lambda line: print(line, file=sys.stderr, flush=True)))
"""


@dataclass
class Machine:
    """A temporary PATH and cache, with a stand-in for Go."""

    root: Path
    said: list[str] = field(default_factory=list[str])

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def cache(self) -> Path:
        return self.root / "cache" / "ballast"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.root),
            "PATH": str(self.bin),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "BALLAST_STATE_DIR": str(self.root / "state"),
            "PYTHONPATH": str(PROJECT_ROOT),
        }

    def say(self, line: str) -> None:
        self.said.append(line)

    def install(self, name: str, script: str, folder: Path | None = None) -> Path:
        """Put an executable that runs `script` on PATH, or into `folder`."""
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def install_go(
        self, version: str = GOOD_GO, *, body: str = "", versions: dict[str, str] | None = None
    ) -> None:
        made = {build.module: build.version for build in BUILDS} | (versions or {})
        script = _GO % {
            "version": version,
            "journal": self.root / "builds",
            "pid": self.root / "go.pid",
            "body": body,
            "versions": " ".join(f"{module}) version={v} ;;" for module, v in made.items()),
        }
        self.install("go", script.removeprefix("#!/bin/sh\n"))

    @property
    def builds(self) -> list[str]:
        """What go was asked to build, one line a build."""
        journal = self.root / "builds"
        return journal.read_text().splitlines() if journal.exists() else []

    @property
    def compiler_runs(self) -> bool:
        try:
            os.kill(int((self.root / "go.pid").read_text()), 0)
        except (OSError, ValueError):
            return False
        return True

    def ensure_elsewhere(self, *names: str) -> subprocess.Popen[str]:
        """Ask for tools in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", _ENSURE, *names],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def half_made(self) -> list[Path]:
        """What a build left behind that is not finished."""
        return [path for path in self.cache.glob("*/*/.*") if path.is_dir()]


def wait_for(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def build_of(module: str, builds: Sequence[GoBuild] = BUILDS) -> GoBuild:
    return next(build for build in builds if build.module == module)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    made.bin.mkdir()
    for name in ("GOFLAGS", "GOOS", "GOCACHE", "PULUMI_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with the launcher, and a command that tells what it was given."""
    root = tmp_path / "checkout"
    (root / "operations").mkdir(parents=True)
    (root / "embedded" / "toolchain").mkdir(parents=True)
    shutil.copy(PROJECT_ROOT / "ballast", root)
    shutil.copy(PROJECT_ROOT / "embedded" / "toolchain" / "uv.txt", root / "embedded" / "toolchain")
    (root / "requirements.txt").write_text("rich==14.0.0\n")
    (root / "operations" / "__main__.py").write_text(
        "import os, sys\n"
        "print(sys.argv[1:], os.getcwd(), os.environ['PYTHONPATH'], sys.prefix, sep='|')\n"
    )
    return root
