"""The errors of the EKS API, as boto3 sees them."""

from __future__ import annotations


class EksError(Exception):
    """An answer that is an error: code, HTTP status, message."""

    code = "ServerException"
    status = 500

    def __init__(self, message: str, **about: str) -> None:
        """Take the message and what it is about: clusterName, nodegroupName, addonName."""
        super().__init__(message)
        self.about = about


class InvalidParameter(EksError):
    """A parameter that is wrong whatever exists."""

    code = "InvalidParameterException"
    status = 400


class InvalidRequest(EksError):
    """A request that the state of the resource does not allow."""

    code = "InvalidRequestException"
    status = 400


class ResourceInUse(EksError):
    """A name that is taken, or a resource that others hang on."""

    code = "ResourceInUseException"
    status = 409


class ResourceNotFound(EksError):
    """Nothing of that name."""

    code = "ResourceNotFoundException"
    status = 404


class NotImplementedHere(EksError):
    """An operation of AWS that the embedded AWS does not have."""

    code = "NotImplementedException"
    status = 501
