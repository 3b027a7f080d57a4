"""Start the plugin: the engine runs this as `pulumi-resource-kubernetes`."""

from __future__ import annotations

from embedded.plugins.kubernetes.provider import KubernetesProvider
from embedded.plugins.provider import serve

if __name__ == "__main__":
    serve(KubernetesProvider())
