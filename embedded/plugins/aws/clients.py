"""API clients: only ever for loopback endpoints, made when first needed, shared by threads."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from embedded.plugins.aws.errors import ApiError, NoAnswerError
from embedded.plugins.aws.settings import Settings, is_loopback
from embedded.plugins.provider import ProviderError

if TYPE_CHECKING:
    from botocore.client import BaseClient

_CANNOT_DEPLOY = (
    "this stack's AWS provider has no endpoint on this machine for {service}, and the embedded AWS "
    "provider never calls AWS: install the released plugin to deploy to AWS "
    "(pulumi plugin install resource aws)"
)
# What is under way when the engine dies has 20 s to end.
_READ_SECONDS = 15


class Clients:
    """Makes and keeps one client a service and region."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._session: Any = None
        self._account = ""

    def get(self, service: str, region: str = "") -> BaseClient:
        """Return the client; refuse when its address is not on this machine."""
        url = self.settings.endpoint(service)
        if url is None or not is_loopback(url):
            raise ProviderError(_CANNOT_DEPLOY.format(service=service))
        key = (service, region or self.settings.region)
        # Loading a service model is not thread-safe in botocore, hence one lock for all.
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make(service, url, key[1])
            return self._clients[key]

    def _make(self, service: str, url: str, region: str) -> BaseClient:
        from boto3.session import Session
        from botocore.config import Config

        if self._session is None:
            self._session = Session(
                aws_access_key_id=self.settings.access_key,
                aws_secret_access_key=self.settings.secret_key,
                region_name=region,
            )
        config = Config(
            retries={"total_max_attempts": 1},
            read_timeout=_READ_SECONDS,
            connect_timeout=5,
            max_pool_connections=32,
            proxies={},
            s3={"addressing_style": "path" if self.settings.path_style else "auto"},
        )
        return self._session.client(service, endpoint_url=url, region_name=region, config=config)

    def call(self, service: str, operation: str, params: dict[str, Any], region: str = "") -> Any:
        """Call the API; raise ApiError with its code and message."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        client = self.get(service, region)
        if self.settings.allowed_accounts and service != "sts":
            _ = self.account
        try:
            return getattr(client, operation)(**params)
        except ClientError as error:
            raise _api_error(service, operation, error.response) from error
        except ResponseParserError as error:
            raise _stumbled(service, operation, "a page instead of an answer") from error
        except BotoCoreError as error:
            raise self._translated(service, operation, error) from error

    def _translated(self, service: str, operation: str, error: Exception) -> Exception:
        from botocore import exceptions

        if isinstance(error, exceptions.EndpointConnectionError | exceptions.ConnectionClosedError):
            return NoAnswerError(self.settings.endpoint(service) or "")
        return ApiError(type(error).__name__, f"{error} (calling {service} {operation})")

    @property
    def account(self) -> str:
        """The account that the endpoints belong to, asked once."""
        if not self._account:
            account = str(self.call("sts", "get_caller_identity", {})["Account"])
            allowed = self.settings.allowed_accounts
            if allowed and account not in allowed:
                message = f"AWS account {account} is not allowed; allowed are: {', '.join(allowed)}"
                raise ProviderError(message)
            self._account = account
        return self._account


def _api_error(service: str, operation: str, response: Mapping[str, Any]) -> ApiError:
    detail = response.get("Error", {})
    code, message = str(detail.get("Code", "Unknown")), str(detail.get("Message", ""))
    if "<html" in message or not message:
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", code)
        return _stumbled(service, operation, f"status {status}")
    return ApiError(code, message)


def _stumbled(service: str, operation: str, answer: str) -> ApiError:
    """Return the error for what moto answers where it lacks an operation, or trips over it."""
    return ApiError(
        "NotImplemented", f"the embedded cloud answered {service} {operation} with {answer}"
    )


def partition_of(region: str) -> str:
    """Return the partition that the region belongs to."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
