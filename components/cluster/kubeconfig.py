"""How to reach the cluster: a kubeconfig that asks AWS for a token at each use."""

from __future__ import annotations

from pulumi import Output


def kubeconfig(
    *, name: Output[str], endpoint: Output[str], authority: Output[str], region: str
) -> Output[str]:
    """Return the kubeconfig as a secret. It holds no credential: `aws eks get-token` does."""
    return Output.secret(
        Output.json_dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {
                        "name": name,
                        "cluster": {"server": endpoint, "certificate-authority-data": authority},
                    }
                ],
                "users": [{"name": name, "user": {"exec": _get_token(name, region)}}],
                "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                "current-context": name,
            }
        )
    )


def _get_token(name: Output[str], region: str) -> dict[str, object]:
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "aws",
        "args": ["--region", region, "eks", "get-token", "--cluster-name", name],
        "interactiveMode": "Never",
    }
