"""Puts the embedded EKS in the place of moto's."""

from __future__ import annotations

import copy
import json
import urllib.parse
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.core.routing import get_service_router
from moto.eks import models as moto_models
from moto.eks import urls as moto_urls
from werkzeug.exceptions import NotFound

from embedded.cloud.eks import access, addons, clusters, nodegroups, pod_identity, tags, updates
from embedded.cloud.eks.errors import EksError, InvalidParameter, NotImplementedHere
from embedded.cloud.eks.protocol import read_parameters, write_answer
from embedded.cloud.eks.state import OPERATIONS, Answer, EksBackend, Parameters, eks_backends

# Imported for the handlers that they register.
MODULES = (access, addons, clusters, nodegroups, pod_identity, tags, updates)
_READS = ("Describe", "List")


class EksResponse(BaseResponse):
    """Answers every request to EKS."""

    def __init__(self) -> None:
        super().__init__(service_name="eks")

    def _dispatch(self, request: Request, full_url: Any = None, headers: Any = None) -> Any:
        self.setup_class(request, full_url, headers)
        backend: EksBackend = eks_backends[self.current_account][self.region]
        try:
            answer = self._handle(backend, request)
        except EksError as error:
            body = json.dumps({"message": str(error), **error.about})
            return error.status, _headers({"x-amzn-ErrorType": error.code}), body
        return 200, _headers(), write_answer(answer).decode()

    def _handle(self, backend: EksBackend, request: Request) -> Answer:
        try:
            operation, labels = get_service_router("eks").match(request)
        except NotFound:
            message = f"EKS has no {request.method} {self.path}"
            raise NotImplementedHere(message) from None
        name = str(operation.name)
        if name not in OPERATIONS:
            message = f"The embedded AWS does not have {name} of EKS."
            raise NotImplementedHere(message)
        query = urllib.parse.parse_qs(self.parsed_url.query, keep_blank_values=True)
        decoded = {name: urllib.parse.unquote(value) for name, value in labels.items()}
        parameters = read_parameters(operation, decoded, query, self.body.encode())
        return answer_once(backend, name, parameters)


def answer_once(backend: EksBackend, name: str, parameters: Parameters) -> Answer:
    """Handle the request, or give the answer again that its token has had before."""
    token = parameters.pop("clientRequestToken", None)
    if token is None or name.startswith(_READS):
        return OPERATIONS[name](backend, parameters)
    known = backend.answers.get((name, token))
    if known is None:
        kept = copy.deepcopy(parameters)
        answer = copy.deepcopy(OPERATIONS[name](backend, parameters))
        backend.answers[name, token] = (kept, answer)
        return answer
    if known[0] != parameters:
        message = f"clientRequestToken {token} was used before, with other parameters"
        raise InvalidParameter(message)
    return known[1]


def _headers(more: dict[str, str] | None = None) -> dict[str, str]:
    return {"Content-Type": "application/json", **(more or {})}


def install() -> None:
    """Let moto's EKS be ours; before the first request."""
    moto_urls.url_paths.clear()
    moto_urls.url_paths["{0}/.*$"] = EksResponse.dispatch
    backends: BackendDict[Any] = eks_backends
    moto_models.eks_backends = backends
