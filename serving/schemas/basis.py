"""What every answer is, and what it rests on."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

Colour = Literal["green", "yellow", "red"]


class Answer(BaseModel):
    """Every answer is typed; a missing value is null."""

    model_config = ConfigDict(frozen=True)


class Versions(Answer):
    """What an answer rests on."""

    as_of: date
    model_version: str
    policy_version: str
    data_version: str
