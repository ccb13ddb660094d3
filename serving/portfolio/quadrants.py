"""Rule light beside model light: the four corners, and the loans that no model judged."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import polars as pl

from features.messages import Words

_LIT = ("yellow", "red")


class Corner(StrEnum):
    """Which of the two lights is yellow or red."""

    BOTH = "both"
    RULES_ONLY = "rules_only"
    MODEL_ONLY = "model_only"
    NEITHER = "neither"
    NO_MODEL = "no_model"

    @property
    def words(self) -> Words:
        return CORNER_WORDS[self]

    @property
    def holds(self) -> pl.Expr:
        """True of the warnings that lie in it."""
        return corner() == self.value


CORNER_WORDS: Mapping[Corner, Words] = {
    Corner.BOTH: Words("规则和模型都亮灯", "rules and model both lit"),
    Corner.RULES_ONLY: Words("只有规则亮灯", "only the rules lit"),
    Corner.MODEL_ONLY: Words("只有模型亮灯", "only the model lit"),
    Corner.NEITHER: Words("都没有亮灯", "neither lit"),
    Corner.NO_MODEL: Words("模型未评", "not judged by the model"),
}


def corner() -> pl.Expr:
    """The corner of a warning; a loan gone bad has no model light, nor has any where no model judged."""
    rules, model = (pl.col(name).cast(pl.String).is_in(_LIT) for name in ("rule_light", "model_light"))
    return (
        pl.when(pl.col("model_light").is_null())
        .then(pl.lit(Corner.NO_MODEL.value))
        .when(rules & model)
        .then(pl.lit(Corner.BOTH.value))
        .when(rules)
        .then(pl.lit(Corner.RULES_ONLY.value))
        .when(model)
        .then(pl.lit(Corner.MODEL_ONLY.value))
        .otherwise(pl.lit(Corner.NEITHER.value))
        .alias("corner")
    )
