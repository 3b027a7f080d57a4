"""What all sections of the settings share."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

# CloudWatch keeps logs for these numbers of days and for no others.
RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 731, 1827, 3653]


class Section(BaseModel):
    """What all sections share: nothing changes them, and no unknown key passes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
