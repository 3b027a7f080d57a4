"""AWS errors in the words of the released provider, with code and message."""

from __future__ import annotations

from typing import Any, Final

from embedded.plugins.provider import ProviderError

_GONE_MARKS: Final = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")


class ApiError(Exception):
    """What an AWS service answered instead of a result."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    def is_gone(self, codes: Any = ()) -> bool:
        """Tell whether the error says that the resource does not exist."""
        return self.code in codes or any(mark in self.code for mark in _GONE_MARKS)


class NoAnswerError(ProviderError):
    """Nothing listens where the embedded cloud should."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"the embedded cloud does not answer at {url}; start it with: ./ballast local start"
        )
