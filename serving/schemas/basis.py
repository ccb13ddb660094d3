"""The base class of response models, and the versions that most of them carry."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from features.messages import Bilingual

LightCode = Literal["green", "yellow", "red"]


class Answer(BaseModel):
    """The base class of response models; a missing value is null."""

    model_config = ConfigDict(frozen=True)


class Sentence(Answer):
    """A sentence in Chinese and English."""

    zh: str
    en: str


class Incomplete(Answer):
    """Why a month was published though its deliveries were not complete, and what was missing."""

    reason: str
    findings: list[Sentence]

    @property
    def words(self) -> Bilingual:
        """Both as one text."""
        zh, en = ("; ".join(getattr(one, language) for one in self.findings) for language in ("zh", "en"))
        return Bilingual(
            f"本月送达不完整: {zh}。照样发布的原因: {self.reason}",
            f"The deliveries of this month are not complete: {en}. Published all the same because: {self.reason}",
        )


class Versions(Answer):
    """The month end and the versions of model, policy and data that an answer comes from.

    incomplete: null where the deliveries of the month were complete.
    """

    as_of: date
    model_version: str
    policy_version: str
    data_version: str
    incomplete: Incomplete | None = None
