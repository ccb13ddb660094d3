"""The five loan classes by days past due: the two published matrices, each a table of bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from features.messages import Bilingual

CLASS_WORDS: Mapping[str, Bilingual] = {
    "normal": Bilingual("正常", "normal"),
    "special_mention": Bilingual("关注", "special mention"),
    "substandard": Bilingual("次级", "substandard"),
    "doubtful": Bilingual("可疑", "doubtful"),
    "loss": Bilingual("损失", "loss"),
}
"""From the best to the worst."""


@dataclass(frozen=True)
class Matrix:
    """The least class of a loan by its days past due alone.

    Delays of up to 7 days may be excepted where the bank shows that they were operational; that is not delivered, so
    none is excepted.

    Args:
        words: the matrix's name.
        more_than: for each class worse than normal, the days past due above which a loan is in it.
        source: the notice it comes from.
        since: the first day it is in force.

    Example:
        >>> from models.five_classes.matrices import CLASS_WORDS, MATRICES
        >>> code = MATRICES["rule_2023"].class_of(91)
        >>> code, CLASS_WORDS[code].zh
        ('substandard', '次级')
    """

    words: Bilingual
    more_than: Mapping[str, int]
    source: str
    since: date

    def class_of(self, days_past_due: int) -> str:
        """The code of the class: the worst whose bound the days exceed, else `normal`."""
        reached = [code for code, days in self.more_than.items() if days_past_due > days]
        return reached[-1] if reached else "normal"


MATRICES: Mapping[str, Matrix] = {
    "rule_2023": Matrix(
        Bilingual("金融资产风险分类办法（2023）", "Risk classification of financial assets (2023)"),
        {"special_mention": 0, "substandard": 90, "doubtful": 270, "loss": 360},
        source="Measures for the Risk Classification of Financial Assets of Commercial Banks, in force 2023-07-01",
        since=date(2023, 7, 1),
    ),
    "unsecured_small": Matrix(
        Bilingual("小额信用贷款矩阵", "Matrix for small unsecured loans"),
        {"special_mention": 0, "substandard": 30, "doubtful": 90, "loss": 360},
        source="older matrix for unsecured small loans (domain, section 5)",
        since=date(2007, 1, 1),
    ),
}
