"""Quadrants of rule light and model light, and the loans that no model scored."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import polars as pl

from features.messages import Bilingual

_FLAGGED = ("yellow", "red")


class Quadrant(StrEnum):
    """Which of the rule light and the model light are yellow or red."""

    BOTH = "both"
    RULES_ONLY = "rules_only"
    MODEL_ONLY = "model_only"
    NEITHER = "neither"
    NO_MODEL = "no_model"

    @property
    def words(self) -> Bilingual:
        """The name in Chinese and English."""
        return QUADRANT_WORDS[self]

    @property
    def condition(self) -> pl.Expr:
        """Whether a warning lies in the quadrant."""
        return quadrant_of_lights() == self.value


QUADRANT_WORDS: Mapping[Quadrant, Bilingual] = {
    Quadrant.BOTH: Bilingual("规则和模型都亮灯", "rules and model both lit"),
    Quadrant.RULES_ONLY: Bilingual("只有规则亮灯", "only the rules lit"),
    Quadrant.MODEL_ONLY: Bilingual("只有模型亮灯", "only the model lit"),
    Quadrant.NEITHER: Bilingual("都没有亮灯", "neither lit"),
    Quadrant.NO_MODEL: Bilingual("模型未评", "not judged by the model"),
}


def quadrant_of_lights() -> pl.Expr:
    """`corner`: the quadrant of a warning; `no_model` for a loan gone bad, and for all loans without a model."""
    rules, model = (pl.col(name).cast(pl.String).is_in(_FLAGGED) for name in ("rule_light", "model_light"))
    return (
        pl.when(pl.col("model_light").is_null())
        .then(pl.lit(Quadrant.NO_MODEL.value))
        .when(rules & model)
        .then(pl.lit(Quadrant.BOTH.value))
        .when(rules)
        .then(pl.lit(Quadrant.RULES_ONLY.value))
        .when(model)
        .then(pl.lit(Quadrant.MODEL_ONLY.value))
        .otherwise(pl.lit(Quadrant.NEITHER.value))
        .alias("corner")
    )
