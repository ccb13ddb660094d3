"""The five classes of a loan by its days past due: both published matrices, each a table of bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from features.messages import Words

CLASS_WORDS: Mapping[str, Words] = {
    "normal": Words("正常", "normal"),
    "special_mention": Words("关注", "special mention"),
    "substandard": Words("次级", "substandard"),
    "doubtful": Words("可疑", "doubtful"),
    "loss": Words("损失", "loss"),
}
"""From the best to the worst."""


@dataclass(frozen=True)
class Matrix:
    """Which class a loan is in at the least, by days past due alone.

    more_than: for each class worse than normal, the days it has to be past due by more than. Delays of up to 7 days
    may be excepted where the bank shows that they were operational; nobody here knows, so none is.
    """

    words: Words
    more_than: Mapping[str, int]
    source: str
    since: date

    def class_of(self, days_past_due: int) -> str:
        """The worst class whose bound is passed."""
        reached = [code for code, days in self.more_than.items() if days_past_due > days]
        return reached[-1] if reached else "normal"


MATRICES: Mapping[str, Matrix] = {
    "rule_2023": Matrix(
        Words("金融资产风险分类办法 (2023)", "Risk classification of financial assets (2023)"),
        {"special_mention": 0, "substandard": 90, "doubtful": 270, "loss": 360},
        source="Measures for the Risk Classification of Financial Assets of Commercial Banks, in force 2023-07-01",
        since=date(2023, 7, 1),
    ),
    "unsecured_small": Matrix(
        Words("小额信用贷款矩阵", "Matrix for small unsecured loans"),
        {"special_mention": 0, "substandard": 30, "doubtful": 90, "loss": 360},
        source="older matrix for unsecured small loans (domain, section 5)",
        since=date(2007, 1, 1),
    ),
}
