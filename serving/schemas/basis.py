"""The base class of response models, and the versions that most of them carry."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

LightCode = Literal["green", "yellow", "red"]


class Answer(BaseModel):
    """The base class of response models; a missing value is null."""

    model_config = ConfigDict(frozen=True)


class Versions(Answer):
    """The month end and the versions of model, policy and data that an answer comes from."""

    as_of: date
    model_version: str
    policy_version: str
    data_version: str
