"""The providers of a stack: the only place that builds them."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pulumi import Output, ResourceOptions

from embedded.layout import Layout
from stacks.network_sections import PeeringSettings
from stacks.settings import Settings

# What moto stands in for; a service that is missing here would be asked for at AWS.
_SERVICES: Final = (
    "autoscaling",
    "cloudwatch",
    "ec2",
    "ecr",
    "eks",
    "elbv2",
    "events",
    "iam",
    "kms",
    "logs",
    "s3",
    "sqs",
    "ssm",
    "sts",
)
_START: Final = "Start it with `./ballast local start`; `./ballast up local` does it by itself."


def cloud(settings: Settings) -> aws.Provider:
    """Return the AWS provider: the real AWS with one allowed account, or moto on loopback."""
    if settings.target == "aws":
        return aws.Provider(
            "aws",
            aws.ProviderArgs(region=settings.region, allowed_account_ids=[settings.account]),
        )
    _require_embedded_environment()
    url = Layout().cloud_url
    return aws.Provider(
        "aws",
        aws.ProviderArgs(
            region=settings.region,
            allowed_account_ids=[settings.account],
            # Not a credential: moto takes any, and real ones must not get here.
            access_key="embedded",
            secret_key="embedded",  # noqa: S106
            endpoints=[aws.ProviderEndpointArgs(**dict.fromkeys(_SERVICES, url))],
            skip_credentials_validation=True,
            skip_metadata_api_check=True,
            skip_requesting_account_id=True,
            s3_use_path_style=True,
        ),
    )


def peer(settings: Settings, name: str, peering: PeeringSettings) -> aws.Provider | None:
    """Return the provider of a peer's account; none where the peer is in this one."""
    if peering.accepter_role_arn is None:
        return None
    return aws.Provider(
        f"{name}-account",
        aws.ProviderArgs(
            region=settings.region,
            allowed_account_ids=[str(peering.account)],
            assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=peering.accepter_role_arn)],
        ),
    )


def cluster_access(
    settings: Settings, eks_kubeconfig: Output[str], needs: Sequence[pulumi.Resource]
) -> kubernetes.Provider:
    """Return the Kubernetes provider of the stack's cluster; all it makes comes after `needs`."""
    return kubernetes.Provider(
        "kubernetes",
        kubernetes.ProviderArgs(
            kubeconfig=kubeconfig(settings, eks_kubeconfig), enable_server_side_apply=True
        ),
        ResourceOptions(depends_on=list(needs)),
    )


def kubeconfig(settings: Settings, eks_kubeconfig: Output[str]) -> Output[str]:
    """Return how to reach the cluster: EKS by its token, the embedded one by its certificate."""
    if settings.target == "aws":
        return eks_kubeconfig
    return Output.secret(_embedded_kubeconfig())


def _require_embedded_environment() -> None:
    """Say that it is down before the first resource, and not once for each of them."""
    server = re.search(r"server: https?://([^:/\s]+):(\d+)", _embedded_kubeconfig())
    if server is None:
        message = f"{Layout().kubeconfig} names no server. {_START}"
        raise pulumi.RunError(message)
    moto = urlsplit(Layout().cloud_url)
    parts = {
        "Kubernetes API": (server[1], int(server[2])),
        "AWS (moto)": (str(moto.hostname), moto.port or 80),
    }
    for part, address in parts.items():
        try:
            socket.create_connection(address, timeout=2).close()
        except OSError:
            where = f"{address[0]}:{address[1]}"
            silent = f"its {part} does not answer at {where}"
            message = f"The embedded environment is not running: {silent}. {_START}"
            raise pulumi.RunError(message) from None


def _embedded_kubeconfig() -> str:
    path = Layout().kubeconfig
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        message = f"The embedded environment has not been started: there is no {path}. {_START}"
        raise pulumi.RunError(message) from None
    except OSError as error:
        message = f"The embedded environment's kubeconfig cannot be read: {error}. {_START}"
        raise pulumi.RunError(message) from None
