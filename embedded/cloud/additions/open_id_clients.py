"""IAM: the client ids (audiences) of an OpenID Connect provider, changed one by one."""

from __future__ import annotations

from typing import Any, Final

from moto.iam.responses import IamResponse

from embedded.cloud.additions import wire
from embedded.cloud.additions.wire import Parameters, RefusedError

_MOST: Final = 100


def add_client_id_to_open_id_connect_provider(backend: Any, parameters: Parameters) -> None:
    """Accept tokens for one more client; one that is there already stays."""
    provider = backend.get_open_id_connect_provider(parameters["OpenIDConnectProviderArn"])
    wanted = [*dict.fromkeys([*provider.client_id_list, parameters["ClientID"]])]
    if len(wanted) > _MOST:
        message = f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {_MOST}"
        raise RefusedError(message, code="LimitExceeded")
    provider.client_id_list = wanted


def remove_client_id_from_open_id_connect_provider(backend: Any, parameters: Parameters) -> None:
    """Accept tokens for the client no more; one that is not there is fine."""
    provider = backend.get_open_id_connect_provider(parameters["OpenIDConnectProviderArn"])
    removed = parameters["ClientID"]
    provider.client_id_list = [name for name in provider.client_id_list if name != removed]


def install() -> None:
    """Let moto's IAM have them."""
    operations = (
        add_client_id_to_open_id_connect_provider,
        remove_client_id_from_open_id_connect_provider,
    )
    wire.add(IamResponse, operations, lambda response: response.backend, "InvalidInput")
