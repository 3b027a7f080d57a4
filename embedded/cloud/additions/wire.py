"""Hangs operations of ours into moto's services."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.core.utils import get_service_model

from embedded.cloud.eks import protocol
from embedded.cloud.eks.errors import InvalidParameter

Parameters = dict[str, Any]
# What handles an operation: moto's backend of the account and region, the parameters.
Handler = Callable[[Any, Parameters], "dict[str, Any] | None"]
Backends = Callable[[Any], Any]


class RefusedError(ServiceException):
    """An answer that is an error: the code and message that AWS has."""

    def __init__(self, message: str, *, code: str) -> None:
        """Take what the person reads and the code of the service's API."""
        super().__init__(code, message)


def add(
    response: type[BaseResponse],
    handlers: Iterable[Handler],
    backend_of: Backends,
    invalid: str = "InvalidParameterException",
) -> None:
    """Let moto's `response` answer the operations that the handlers are named after.

    `invalid` is the service's code for a parameter that the description does not allow.
    """
    for handler in handlers:
        name: str = getattr(handler, "__name__", "")
        setattr(response, name, _method(handler, backend_of, invalid))


def _method(handler: Handler, backend_of: Backends, invalid: str) -> Any:
    def method(self: Any) -> ActionResult:
        shape = get_service_model(self.boto3_service_name).operation_model(self._get_action())
        name = str(shape.name)
        given = _parameters(self)
        try:
            protocol.check(given, shape.input_shape, name)
        except InvalidParameter as error:
            raise RefusedError(str(error), code=invalid) from None
        answer = handler(backend_of(self), given)
        return EmptyResult() if answer is None else ActionResult(answer)

    return method


def _parameters(response: Any) -> Parameters:
    """Return the request's parameters: parsed by moto for EC2, else the JSON body."""
    if response.automated_parameter_parsing:
        return dict(response.params)
    content: Parameters = json.loads(response.body or "{}")
    return content
