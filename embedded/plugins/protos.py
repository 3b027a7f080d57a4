"""The engine's protocol, without the SDK around it.

`import pulumi.runtime.proto` runs all of `pulumi/__init__`, which takes most of
a second that every plugin start would pay. This module is a package whose
folder is the SDK's folder of generated modules, so that
`from embedded.plugins.protos import language_pb2` loads that module alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import (
        engine_pb2,
        engine_pb2_grpc,
        language_pb2,
        language_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        resource_pb2,
        resource_pb2_grpc,
    )

    __all__ = [
        "engine_pb2",
        "engine_pb2_grpc",
        "language_pb2",
        "language_pb2_grpc",
        "plugin_pb2",
        "provider_pb2",
        "provider_pb2_grpc",
        "resource_pb2",
        "resource_pb2_grpc",
    ]
else:
    from importlib.util import find_spec
    from pathlib import Path

    _sdk = find_spec("pulumi")
    if _sdk is None or not _sdk.submodule_search_locations:
        message = "the pulumi package is not installed in this Python; run `./ballast doctor`"
        raise ImportError(message)
    __path__ = [str(Path(place, "runtime", "proto")) for place in _sdk.submodule_search_locations]
