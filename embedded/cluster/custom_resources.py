"""The custom resources that the platform's charts bring: KEDA's and the Prometheus operator's.

In AWS the charts install these definitions, and the program only makes objects of them. So
the embedded cluster has them from its start, and the program is the same in both.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import yaml

from embedded.cluster.endpoint import Endpoint
from embedded.processes import ProcessError
from embedded.toolchain.published import PublishedFiles, ensure_files

Say = Callable[[str], None]

KEDA: Final = PublishedFiles(
    name="keda-definitions",
    module="github.com/kedacore/keda/v2",
    version="v2.19.0",
    sum="h1:IP3iMTwr9HkaAwPtLnhngPv74LghMf7ubLrsGLQo52M=",
    paths=tuple(
        f"config/crd/bases/keda.sh_{kind}.yaml"
        for kind in ("scaledobjects", "triggerauthentications", "clustertriggerauthentications")
    ),
)
PROMETHEUS_OPERATOR: Final = PublishedFiles(
    name="prometheus-operator-definitions",
    module="github.com/prometheus-operator/prometheus-operator",
    version="v0.88.0",
    sum="h1:3T/dCQdk7CUVRqVfwRHoC5g66fC/ML6XQQLtQVL6Q5o=",
    paths=tuple(
        f"example/prometheus-operator-crd/monitoring.coreos.com_{kind}.yaml"
        for kind in ("podmonitors", "prometheusrules", "servicemonitors")
    ),
)
DEFINITIONS: Final = (KEDA, PROMETHEUS_OPERATOR)

_PATH: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_WITHIN_SECONDS: Final = 20.0
# PyYAML's own reader needs a second for what libyaml reads in a tenth.
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NotServedError(ProcessError):
    """The API server took a definition and does not serve it."""


def install(api_server: Endpoint, say: Say) -> None:
    """Apply the definitions that are missing, and wait until objects of them can be made."""
    wanted = [
        yaml.load(file.read_text(), Loader=_LOADER)  # noqa: S506 - a safe loader, in C
        for published in DEFINITIONS
        for file in ensure_files(published, say)
    ]
    missing = [definition for definition in wanted if not _served(api_server, definition)]
    for definition in missing:
        name = definition["metadata"]["name"]
        api_server.send("PATCH", f"{_PATH}/{name}?fieldManager=ballast&force=true", definition)
    for definition in missing:
        _wait(api_server, definition)
    if missing:
        say(f"{len(missing)} custom resources are served")


def _served(api_server: Endpoint, definition: dict[str, Any]) -> bool:
    spec = definition["spec"]
    version = next(one["name"] for one in spec["versions"] if one["storage"])
    path = f"/apis/{spec['group']}/{version}/{spec['names']['plural']}?limit=1"
    return api_server.healthy(path)


def _wait(api_server: Endpoint, definition: dict[str, Any]) -> None:
    deadline = time.monotonic() + _WITHIN_SECONDS
    while not _served(api_server, definition):
        if time.monotonic() > deadline:
            message = (
                f"the API server took the definition of {definition['metadata']['name']} and does "
                "not serve it; see `./ballast local logs kube-apiserver`."
            )
            raise NotServedError(message)
        time.sleep(0.1)
