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
        zh, en = "；".join(one.zh for one in self.findings), "; ".join(one.en for one in self.findings)
        return Bilingual(
            f"本月送达不完整：{zh}。照样发布的原因：{self.reason}",
            f"The deliveries of this month are not complete: {en}. Published all the same because: {self.reason}",
        )


class DamagedMonth(Answer):
    """A newer published month that is not shown, since a file of it is missing or damaged, and what to do."""

    as_of: date
    zh: str
    en: str

    @property
    def words(self) -> Bilingual:
        """That an earlier month is shown in its place, and why."""
        return Bilingual(
            f"{self.as_of} 的预警不能显示，此处为此前的月份。{self.zh}",
            f"The month {self.as_of} cannot be shown; this is an earlier one. {self.en}",
        )


def shadow_words(model_version: str) -> Bilingual:
    """That a model has not passed the gate, and what its figures are then."""
    return Bilingual(
        f"模型 {model_version} 未通过关口，只作影子运行：灯色按规则，模型的可能性和理由只列在旁边，不影响灯色。",
        f"Model {model_version} has not passed the gate and runs in shadow: the lights are the rules'; its "
        "probabilities and reasons stand beside them and move no light.",
    )


class Versions(Answer):
    """The month end and the versions of model, policy and data that an answer comes from.

    incomplete: null where the deliveries of the month were complete. shadow: whether the model has not passed the
    gate, so that the lights are the rules' and its probabilities and reasons move none. damaged: the newer month in
    whose place this one is shown; null where this is the newest, or was asked for.
    """

    as_of: date
    model_version: str
    policy_version: str
    data_version: str
    incomplete: Incomplete | None = None
    shadow: bool = False
    damaged: DamagedMonth | None = None

    @property
    def notes(self) -> list[Bilingual]:
        """What a reader has to know: a newer month that is damaged, deliveries that were missing, a shadow model."""
        shadow = shadow_words(self.model_version) if self.shadow else None
        damaged = self.damaged.words if self.damaged else None
        return [words for words in (damaged, self.incomplete and self.incomplete.words, shadow) if words]
