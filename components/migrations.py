"""Aliases of everything that was ever renamed, each with its date and when it may go.

A rename without a line here replaces the resource in every stack. Keep an
alias until every stack has been updated past the release that added it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pulumi import Alias

# Type token -> aliases for the component's `opts.aliases`.
ALIASES: Final[Mapping[str, tuple[Alias, ...]]] = {}
